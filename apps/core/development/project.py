"""Where the working copy is, and the environment in which its commands run."""

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
STATE = ROOT / ".local"


def environment(urls: Mapping[str, str], settings: str) -> dict[str, str]:
    """Return our environment with the services' URLs and a settings module, `local` or `test`."""
    return {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": f"config.settings.{settings}",
        "PYTHONUNBUFFERED": "1",
    }
