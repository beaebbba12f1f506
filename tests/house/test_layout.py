"""The floor plan, held: rooms, sizes, manners and names that `apps/README.md` promises."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import project

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("core", "accounts", "devices", "notifications", "content")
FLOORS_ABOVE_GROUND = APPS[1:]
HEADINGS = ["Owns", "Offers", "Announces", "Remove"]


def tracked(pattern: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def sources() -> list[Path]:
    return [path for path in tracked("*.py") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


@pytest.mark.parametrize("app", APPS)
def test_every_app_says_what_it_is(app: str) -> None:
    text = (ROOT / "apps" / app / "README.md").read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert 8 <= len(text.splitlines()) <= 60


def test_every_module_opens_with_what_room_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_files_and_functions_stay_small() -> None:
    long_files = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := len(path.read_text().splitlines())) > 400
    }
    long_functions = {
        f"{path.relative_to(ROOT)}:{function.name}": length
        for path in sources()
        if "tests" not in path.parts
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno) > 50
    }
    assert long_files == {}
    assert long_functions == {}


@pytest.mark.parametrize("app", FLOORS_ABOVE_GROUND)
def test_endpoints_ask_selectors_and_services_and_not_the_database(app: str) -> None:
    for path in (ROOT / "apps" / app / "api").rglob("*.py"):
        if path.name == "authentication.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr != "objects", f"{path}: {node.lineno}"


def test_serializers_show_what_they_name() -> None:
    for path in [
        *(ROOT / "apps").rglob("serializers.py"),
        *(ROOT / "apps").rglob("serializers/*.py"),
    ]:
        assert 'fields = "__all__"' not in path.read_text(), path


@pytest.mark.parametrize("app", FLOORS_ABOVE_GROUND)
def test_services_take_words_and_tasks_take_ids(app: str) -> None:
    folder = ROOT / "apps" / app
    services = [*folder.glob("services.py"), *(folder / "services").glob("*.py")]
    for path in services:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                positional = {argument.arg for argument in node.args.args}
                assert "actor" not in positional, (
                    f"{path.name}: {node.name} is a verb of somebody's"
                )
                assert node.returns, f"{path.name}: {node.name} says no type"
    for path in folder.glob("tasks.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert not node.args.args, f"{path.name}: {node.name}"
                assert node.args.kwarg, (
                    f"{path.name}: {node.name} breaks workers of another version"
                )
                names = {argument.arg for argument in node.args.kwonlyargs}
                assert all(name.endswith(("_id", "_ids", "queue")) for name in names), (
                    f"{node.name}: {names}"
                )


def test_nothing_waits_by_sleeping_in_the_suite() -> None:
    allowed = {"stack.py", "journey.py"}
    for path in tracked("tests/*.py"):
        if (
            path.name in allowed
            or "drills" in path.parts
            or "fakes" in path.parts
            or "load" in path.parts
        ):
            continue
        if "development" in path.parts:
            continue
        assert not re.search(r"\btime\.sleep\(|(?<!pg_)\bsleep\(", path.read_text()), path


def test_the_products_name_lives_in_few_places() -> None:
    allowed = re.compile(
        r"^(config/project\.py|pyproject\.toml|compose\.yaml|README\.md|LICENSE|Dockerfile|\.env\.example"
        r"|docs/.*|deploy/.*|apps/README\.md|tests/contract/openapi-v\d\.yaml|\.github/.*)$"
    )
    named = [
        str(path.relative_to(ROOT))
        for path in tracked("*")
        if path.suffix not in {".png", ".mo", ".ico"}
        and re.search(project.SLUG, path.read_text(errors="ignore"), re.IGNORECASE)
    ]
    assert [name for name in named if not allowed.match(name)] == []


def test_only_the_named_readers_read_the_environment() -> None:
    allowed = re.compile(
        r"^(manage\.py|config/(env|celery|wsgi|asgi|gunicorn)\.py|apps/core/development/.*|tests/.*)$"
    )
    readers = [
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"os\.(environ|getenv)", path.read_text())
    ]
    assert [name for name in readers if not allowed.match(name)] == []
