"""Settings: every variable is documented, and production starts complete or not at all."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from config import env

ROOT = Path(__file__).resolve().parent.parent.parent
# Read on a developer's machine and in tests only: their own programs set these.
NOT_OPERATED = {"config/settings/local.py", "config/settings/test.py"}


def variables_read() -> Iterator[str]:
    """Find the names by which `config/` reads its environment."""
    for file in sorted(ROOT.glob("config/**/*.py")):
        if str(file.relative_to(ROOT)) in NOT_OPERATED:
            continue
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            reader, name = ast.unparse(call.func), call.args[0]
            if re.fullmatch(r"env\.\w+|os\.environ\.get", reader) and isinstance(
                name, ast.Constant
            ):
                yield name.value


def variables_of(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))


def test_the_example_names_every_variable_and_no_other() -> None:
    assert set(variables_of(".env.example")) == set(variables_read())


def test_the_example_explains_every_variable_in_one_line() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"[A-Z]", line):
            assert re.fullmatch(r"# [A-Z].*\.", before), line


def test_the_example_holds_no_secret() -> None:
    filled = {name for name, value in variables_of(".env.example").items() if value}
    assert not {name for name in filled if re.search("KEY|TOKEN$|PASSWORD|DSN|CREDENTIALS", name)}


# One interpreter that has the libraries loaded, and a child of it for each configuration.
STARTS = """
import json, os, sys
import config.celery, config.env, django, django.conf, django.utils.csp, environ
for name, change in json.load(sys.stdin):
    sys.stdout.flush()
    if not os.fork():
        os.environ.pop(name, None)
        os.environ.update(change)
        try:
            django.setup()
            outcome = "started"
        except Exception as failure:
            outcome = f"{type(failure).__name__}: {failure}"
        print(json.dumps(outcome), flush=True)
        os._exit(0)
    os.wait()
"""


def starts(*changes: tuple[str, dict[str, str]]) -> tuple[list[str], str]:
    """Start production with each variable taken away and others put in; give the outcomes and all that was printed."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", STARTS],
        env={
            **kept,
            **variables_of("deploy/check.env"),
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
        },
        input=json.dumps(changes),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stdout + done.stderr


def test_production_starts_with_a_complete_configuration() -> None:
    outcomes, _ = starts(("", {}))
    assert outcomes == ["started"]


def test_production_names_each_missing_variable() -> None:
    needed = [name for name in variables_of("deploy/check.env") if name != "TRUSTED_PROXIES"]
    outcomes, printed = starts(*((name, {}) for name in needed))
    assert outcomes == [
        f"ImproperlyConfigured: Production is half-configured: {name} is not set."
        for name in needed
    ]
    for value in variables_of("deploy/check.env").values():
        assert len(value) < 12 or value not in printed


def test_production_names_all_that_is_missing_at_once() -> None:
    outcomes, _ = starts(("", dict.fromkeys(variables_of("deploy/check.env"), "")))
    assert re.findall(r"(\w+) is not set", outcomes[0]) == sorted(
        variables_of("deploy/check.env").keys() - {"TRUSTED_PROXIES"}
    )


MALFORMED = {
    "DATABASE_URL": "mysql://app:canary-4711@db.example.test/app",
    "CACHE_URL": "cache.example.test:6379?canary-4711",
    "BROKER_URL": "amqp://canary-4711@broker.example.test",
    "PUBLIC_URL": "api.example.test/canary-4711",
    "SENTRY_DSN": "canary-4711",
    "SENTRY_TRACES_SAMPLE_RATE": "canary-4711",
    "SMTP_PORT": "canary-4711",
    "SMTP_TLS": "ture canary-4711",
    "TRUSTED_PROXIES": "canary-4711",
    "LOG_LEVEL": "canary-4711",
    "LOG_FORMAT": "canary-4711",
}


def test_production_names_each_malformed_variable_and_never_its_value() -> None:
    outcomes, printed = starts(*((name, {name: value}) for name, value in MALFORMED.items()))
    assert outcomes == [
        f"ImproperlyConfigured: Production is half-configured: {name} is malformed."
        for name in MALFORMED
    ]
    assert "canary-4711" not in printed


class TestReading:
    @pytest.fixture(autouse=True)
    def _own_notes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(env, "_missing", set())
        monkeypatch.setattr(env, "_malformed", set())

    @pytest.mark.parametrize("secret", ["$ecret", "$HOME", r"\$x", "a#b", "  spaced  ", "a,b=c"])
    def test_a_secret_is_taken_as_it_is(self, monkeypatch: Any, secret: str) -> None:
        monkeypatch.setenv("SOME_KEY", secret)
        assert env.text("SOME_KEY") == secret

    @pytest.mark.parametrize(
        ("written", "meant"),
        [("true", True), ("1", True), ("ON", True), ("no", False), ("0", False)],
    )
    def test_a_flag_is_one_of_few_words(self, monkeypatch: Any, written: str, meant: bool) -> None:
        monkeypatch.setenv("SOME_FLAG", written)
        assert env.flag("SOME_FLAG", default=not meant) is meant

    def test_a_database_url_keeps_what_it_says_about_tls(self, monkeypatch: Any) -> None:
        url = "postgres://app:p%40ss@db.example.test:5433/app?sslmode=verify-full"
        monkeypatch.setenv("DATABASE_URL", url)
        read = env.database("DATABASE_URL", local="")
        assert (read["HOST"], read["PORT"], read["PASSWORD"]) == ("db.example.test", 5433, "p@ss")
        assert read["OPTIONS"] == {"sslmode": "verify-full"}

    def test_a_list_drops_blanks(self, monkeypatch: Any) -> None:
        monkeypatch.setenv("SOME_NAMES", " a.example, b.example ,, ")
        assert env.names("SOME_NAMES") == ["a.example", "b.example"]

    def test_what_is_missing_is_noted_and_replaced_on_developers_machines(self) -> None:
        assert env.text("NOT_SET_ANYWHERE", local="mine") == "mine"
        with pytest.raises(Exception, match="NOT_SET_ANYWHERE is not set"):
            env.refuse_incomplete()
