"""The lock files say what the `.in` files ask for, from the package index alone, and agree with each other."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
SETS = ["base", "production", "dev"]
LOCKS = [*SETS, "bootstrap"]
PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def asked_for(name: str) -> list[Requirement]:
    """Return the requirements of an `.in` file, those of the files it includes among them."""
    lines = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    found = []
    for line in filter(None, (line.partition("#")[0].strip() for line in lines)):
        if line.startswith("-r "):
            found += asked_for(line.removeprefix("-r ").removesuffix(".in"))
        elif not line.startswith("-c "):
            found.append(Requirement(line))
    return found


def locked(name: str) -> dict[str, Version]:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    return {canonicalize_name(package): Version(number) for package, number in PINNED.findall(text)}


@pytest.mark.parametrize("name", SETS)
def test_every_line_has_a_floor(name):
    """Without one the resolver answers a conflict with a release that is years old, silently."""
    floorless = [
        str(wanted)
        for wanted in asked_for(name)
        if not any(clause.operator == ">=" for clause in wanted.specifier)
    ]
    assert floorless == []


@pytest.mark.parametrize("name", SETS)
def test_every_locked_version_is_what_was_asked_for(name):
    versions = locked(name)
    outside = [
        f"{wanted} is locked at {versions.get(canonicalize_name(wanted.name))}"
        for wanted in asked_for(name)
        if versions.get(canonicalize_name(wanted.name), Version("0")) not in wanted.specifier
    ]
    assert outside == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_a_place(name):
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    places = [line for line in text.splitlines() if re.search(r"://|^\s*--(?!hash=)|\s@\s", line)]
    assert places == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name):
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    packages = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert packages
    assert [each.splitlines()[0] for each in packages if "--hash=sha256:" not in each] == []


@pytest.mark.parametrize("name", ["base", "production", "bootstrap"])
def test_development_runs_the_versions_that_production_runs(name):
    assert locked(name).items() <= locked("dev").items()
