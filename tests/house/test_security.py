"""What `docs/security.md` says of tests is true of them."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
DOCUMENT = TESTS.parent / "docs" / "security.md"
_IDS = {
    *(f"AU-{number:02}" for number in range(1, 18)),
    *(f"AZ-{number:02}" for number in range(1, 13)),
    *("LG-02", "LG-04", "LG-06", "LG-07", "EN-01", "EN-02", "EN-03", "RL-06"),
}


def named() -> dict[str, dict[str, list[str]]]:
    """By requirement and file, the tests that hold it."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"[A-Z]{2}-\d\d", cells[0]):
            files = found.setdefault(cells[0], {})
            for part in cells[2].split(";"):
                file, *tests = re.findall(r"`([^`]+)`", part)
                files[file] = tests
    return found


def test_every_requirement_names_who_holds_it() -> None:
    held = named()

    assert held.keys() == _IDS
    assert not [one for one, files in held.items() if not any(files.values())]


def test_whoever_is_named_is_there() -> None:
    gone = []
    for one, files in named().items():
        for file, tests in files.items():
            path = TESTS.parent / file if file.startswith("tests/") else TESTS / file
            assert path.exists(), f"{one}: {file}"
            defined = {getattr(node, "name", "") for node in ast.parse(path.read_text()).body}
            gone += [f"{one}: {file}: {name}" for name in tests if name not in defined]
    assert gone == []
