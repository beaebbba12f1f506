"""What is kept about people: every app says in its module `personal` how it is shown to them and how it is erased.

    personal.shows("devices", Device, by="user", fields=("platform", "model"))
    personal.forgets(Device, by="user")

    @personal.erases(Post)
    def bury_posts(user_id: uuid.UUID) -> int: ...

Found by name, top floor first: what hangs on an account goes before the account. A model that points at a person and is
named by nobody fails `tests/house/test_personal.py`.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.db import models, transaction
from django.utils.module_loading import autodiscover_modules

# Rows of one transaction: few enough that nobody who reads or writes meanwhile waits for it.
BATCH = 500

type Row = Mapping[str, Any]
type File = tuple[str, IO[bytes]]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases some rows of a person and says how many; 0 when nothing is left. Each call is one transaction."""

    models: tuple[type[models.Model], ...]
    erase_some: Callable[[uuid.UUID], int]

    def run(self, user_id: uuid.UUID) -> Iterator[int]:
        """Erase all, batch by batch; whoever iterates may stop between two and go on another day."""
        while True:
            with transaction.atomic():
                erased = self.erase_some(user_id)
            if not erased:
                return
            yield erased


_erasers: list[Eraser] = []
_kept: list[type[models.Model]] = []
_sections: dict[str, Callable[[uuid.UUID], Iterable[Row]]] = {}
_folders: dict[str, Callable[[uuid.UUID], Iterable[File]]] = {}


def erases(
    *models: type[models.Model],
) -> Callable[[Callable[[uuid.UUID], int]], Callable[[uuid.UUID], int]]:
    """Register how rows of these models are erased: a function that erases at most `BATCH` and returns how many."""

    def register(erase_some: Callable[[uuid.UUID], int]) -> Callable[[uuid.UUID], int]:
        _erasers.append(Eraser(models, erase_some))
        return erase_some

    return register


def forgets(model: type[models.Model], *, by: str) -> None:
    """Delete a model's rows whose column `by` names the person."""

    def erase_some(user_id: uuid.UUID) -> int:
        rows = model._default_manager
        some = rows.filter(**{by: user_id}).values_list("pk", flat=True)[:BATCH]
        found = list(some)
        rows.filter(pk__in=found).delete()
        return len(found)

    erases(model)(erase_some)


def keeps(*models: type[models.Model]) -> None:
    """Say that these rows stay: they point at a person, whose id is all that is left, and hold nothing about them."""
    _kept.extend(models)


def section[F: Callable[[uuid.UUID], Iterable[Row]]](name: str) -> Callable[[F], F]:
    """Register rows of an export: they become `<name>.json` in the archive. They are streamed, and hold no secrets."""

    def register(rows: F) -> F:
        _sections[name] = rows
        return rows

    return register


def shows(name: str, model: type[models.Model], *, by: str, fields: tuple[str, ...]) -> None:
    """Show the named fields of a model's rows whose column `by` names the person, in the order of their ids."""

    def rows(user_id: uuid.UUID) -> Iterable[Row]:
        own = model._default_manager.filter(**{by: user_id}).order_by("pk")
        return own.values(*fields).iterator(chunk_size=BATCH)

    section(name)(rows)


def folder[F: Callable[[uuid.UUID], Iterable[File]]](name: str) -> Callable[[F], F]:
    """Register files of an export, each with its name below `<name>/`; they are read one after the other."""

    def register(files: F) -> F:
        _folders[name] = files
        return files

    return register


def erasers() -> list[Eraser]:
    autodiscover_modules("personal")
    return _erasers


def accounted_for() -> set[type[models.Model]]:
    """Return every model of which somebody has said what becomes of its rows."""
    erased = {model for eraser in erasers() for model in eraser.models}
    return erased.union(_kept)


def sections() -> dict[str, Callable[[uuid.UUID], Iterable[Row]]]:
    autodiscover_modules("personal")
    return _sections


def folders() -> dict[str, Callable[[uuid.UUID], Iterable[File]]]:
    autodiscover_modules("personal")
    return _folders
