"""The variables under which the servers run: complete as production wants them, with nothing outside this machine."""

from tests.stack import ROOT

_OURS = {"DATABASE_URL", "CACHE_URL", "BROKER_URL"}


def production(**more: str) -> dict[str, str]:
    """Return what production must name, from the file that `make check` uses; services are the caller's."""
    lines = (ROOT / "deploy" / "check.env").read_text().splitlines()
    named = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {
        **{name: value for name, value in named.items() if name not in _OURS},
        "DJANGO_SETTINGS_MODULE": "tests.load.settings",
        "ALLOWED_HOSTS": "127.0.0.1",
        # The same tokens for the whole run.
        "ACCESS_TOKEN_SECONDS": str(6 * 3600),
        **more,
    }
