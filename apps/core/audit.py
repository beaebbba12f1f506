"""The audit: triggers write down what staff change, before and after, whichever way the change takes.

    @audited(hides=("title", "body"))
    class Post(Versioned): ...

Bulk updates and raw SQL are caught like any other. A trigger stands behind a condition that only staff meet:
`attributed` says on the connection who acts; phones and workers say nothing, and all they pay is a look at a setting.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

import pghistory
import pgtrigger
from django.db import models
from django.http import HttpRequest, HttpResponseBase

from apps.core.observability.logging import current_context

_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_BY_STAFF = pgtrigger.Condition("current_setting('pghistory.context_metadata', true) <> ''")

# The function is in the migration that made the log.
_RECORD = """
    PERFORM core_record_change('{model}', '{key}', '{hidden}', lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
"""

registry: dict[str, type[models.Model]] = {}


class _Recorder(pgtrigger.Trigger):
    """Writes one line of the audit log for one changed row."""

    name = "audit"
    when = pgtrigger.After
    condition = _BY_STAFF

    def __init__(self, operation: Any, hides: Collection[str], key: str) -> None:
        self._hides, self._key = hides, key
        super().__init__(operation=operation)

    def get_func(self, model: Any) -> str:
        hidden = sorted(field.column for field in _fields(model) if self._is_hidden(field))
        return self.format_sql(
            _RECORD.format(
                model=name_of(model),
                key=self._key or model._meta.pk.column,
                hidden="{" + ",".join(hidden) + "}",
            )
        )

    def _is_hidden(self, field: Any) -> bool:
        """Secrets and addresses by their kind, the rest by name."""
        by_kind = isinstance(field, models.BinaryField | models.EmailField)
        return by_kind or field.name == "password" or field.name in self._hides


def audited[M: type[models.Model]](
    *,
    hides: Collection[str] = (),
    operation: Any = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    key: str = "",
) -> Callable[[M], M]:
    """Write down what staff do to a model's rows; takes effect with the app's next migration.

    `hides` names the fields whose values are secrets or people's own words: the log outlives both. Passwords, email
    addresses and bytes are hidden by themselves. `key` is the column by which staff look the row up, the primary key
    if not said.
    """

    def register(model: M) -> M:
        known = {field.name for field in _fields(model)}
        if unknown := set(hides) - known:
            raise TypeError(f"{model.__name__} has no {sorted(unknown)} to hide.")
        registry[name_of(model)] = model
        pgtrigger.register(_Recorder(operation, hides, key))(model)
        return model

    return register


def append_only(*, kept_days: int) -> list[pgtrigger.Trigger]:
    """Return the triggers of a table whose rows nobody changes, and nobody deletes for so many days."""
    return [
        pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update),
        pgtrigger.Protect(
            name="kept",
            operation=pgtrigger.Delete,
            condition=pgtrigger.Condition(
                f"OLD.created_at > CURRENT_TIMESTAMP - INTERVAL '{kept_days} days'"
            ),
        ),
    ]


def attributed[**P](
    view: Callable[P, HttpResponseBase],
) -> Callable[P, HttpResponseBase]:
    """Wrap a page of the admin: what it changes is written down as done by whoever sent the request."""

    @wraps(view)
    def watched(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request: Any = args[0]
        if request.method not in _UNSAFE_METHODS:
            return view(*args, **kwargs)
        with pghistory.context(**_staff(request)):
            return view(*args, **kwargs)

    return watched


def _staff(request: HttpRequest) -> dict[str, str | None]:
    return {
        "actor": str(request.user.pk) if request.user.pk else None,
        "request_id": current_context().get("request_id", ""),
        "path": request.path[:200],
    }


def name_of(model: type[models.Model]) -> str:
    """Return the name under which a model's changes are written down."""
    return (model._meta.concrete_model or model)._meta.label_lower


def _fields(model: type[models.Model]) -> Any:
    return (model._meta.concrete_model or model)._meta.concrete_fields
