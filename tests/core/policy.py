"""Reads a page as a browser does under our content security policy, without the browser."""

from html.parser import HTMLParser

from django.http import HttpResponse

# A script of this type is data: nothing runs it.
_DATA = "application/json"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        inline = [name for name in given if name == "style" or name.startswith("on")]
        self.refused += [f"<{tag} {name}=…>" for name in inline]
        if tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != _DATA
        ):
            self.refused.append(f"<{tag}>")
        loads = given.get("src", "") if tag != "a" else ""
        if tag == "link":
            loads = given.get("href", "")
        if loads and not loads.startswith(("/", "data:image/")):
            self.refused.append(loads)
        if given.get("href", "").startswith("javascript:"):
            self.refused.append(given["href"])


def refused_by_policy(response: HttpResponse) -> list[str]:
    """Return what a browser would report in its console: inline styles, scripts and handlers, foreign resources."""
    policy = response.headers["Content-Security-Policy"]
    assert "'unsafe" not in policy
    assert "default-src 'none'" in policy
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader.refused
