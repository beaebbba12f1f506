"""Postgres refuses to run as root: root runs its tools as `nobody`, others as themselves."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any


def unprivileged() -> dict[str, Any]:
    """Return the `subprocess` arguments that give up root; none for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Give a file or an empty folder to the account that Postgres runs as."""
    account = unprivileged()
    if account:
        os.chown(path, account["user"], account["group"])


def can_reach(path: Path) -> bool:
    """Tell whether the account that Postgres runs as gets there: a 0700 home stops `nobody`."""
    account = unprivileged()
    if not account:
        return True
    probe = subprocess.run(["/bin/sh", "-c", 'test -x "$1"', "sh", path], cwd="/", **account)
    return probe.returncode == 0
