"""Logs: one JSON object per line from every part of the process, with the request and the actor it was about."""

import logging
import logging.config
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, Processor, WrappedLogger

from apps.core.observability.scrubbing import scrub

# Django's, Celery's and the server's own lines that say what an access line or a job's line already says.
_QUIETER = {
    "django.request": "ERROR",
    "django.server": "CRITICAL",
    "celery.worker.strategy": "WARNING",
    "celery.app.trace": "WARNING",
}
# Loggers that bring handlers of their own, which would write past our formatter.
_UNHANDLED = (
    "django",
    "celery",
    "celery.task",
    "celery.redirected",
    "gunicorn.error",
    "gunicorn.access",
    "py.warnings",
)

_access = structlog.stdlib.get_logger("access")


def configure(options: Mapping[str, Any]) -> None:
    """Send everything that is logged through one formatter to standard error.

    Called by Django with `settings.LOGGING`: `{"level": "INFO", "format": "json" | "console"}`.
    """
    logging.config.dictConfig(dictionary(**options))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_describe(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def dictionary(level: str = "INFO", format: str = "json") -> dict[str, Any]:
    """Return the `logging.config` dictionary, for servers that configure logging before Django does."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": _formatter, "format": format}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"handlers": [], "propagate": True} for name in _UNHANDLED},
            **{
                name: {"handlers": [], "propagate": True, "level": quiet}
                for name, quiet in _QUIETER.items()
            },
        },
    }


def bind_request(request_id: str, **more: Any) -> None:
    """Name the request on every line from here on, in this thread or task."""
    structlog.contextvars.bind_contextvars(request_id=request_id, **more)


def bind_actor(actor_id: uuid.UUID | str | None) -> None:
    """Name who is asking; None for somebody not signed in."""
    structlog.contextvars.bind_contextvars(actor=None if actor_id is None else str(actor_id))


def current_context() -> dict[str, str]:
    """Return what a job must carry to be traced back: request id and actor, as far as they are known."""
    bound = structlog.contextvars.get_contextvars()
    return {key: str(bound[key]) for key in ("request_id", "actor") if bound.get(key) is not None}


@contextmanager
def restored_context(context: Mapping[str, Any]) -> Iterator[None]:
    """Log in the name of the request that `context` came from, then in that of whoever was before."""
    before = structlog.contextvars.get_contextvars()
    clear()
    structlog.contextvars.bind_contextvars(**context)
    try:
        yield
    finally:
        clear()
        structlog.contextvars.bind_contextvars(**before)


def clear() -> None:
    """Forget the request and the actor."""
    structlog.contextvars.clear_contextvars()


def access_log(method: str, route: str, status: int, duration_ms: float, **client: Any) -> None:
    """Write the one line that every answered request leaves."""
    _access.info(
        "request",
        method=method,
        route=route,
        status=status,
        duration_ms=round(duration_ms, 2),
        **client,
    )


def _describe() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _formatter(format: str) -> ProcessorFormatter:
    renderer = _console() if format == "console" else _json()
    return ProcessorFormatter(
        foreign_pre_chain=[*_describe(), structlog.stdlib.ExtraAdder()],
        processors=[ProcessorFormatter.remove_processors_meta, *renderer],
    )


def _json() -> list[Processor]:
    # Locals of a traceback's frames are whatever the request held: passwords, tokens, codes.
    exceptions = structlog.processors.ExceptionRenderer(
        ExceptionDictTransformer(show_locals=False, max_frames=30)
    )
    return [exceptions, _scrubbed, _line]


def _console() -> list[Processor]:
    return [
        _scrubbed,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]


def _scrubbed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    exc_info = event.pop("exc_info", None)
    scrubbed = scrub(event)
    return {**scrubbed, "exc_info": exc_info} if exc_info else scrubbed


def _line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    first = {key: event.pop(key) for key in ("time", "level", "logger", "event") if key in event}
    return orjson.dumps({**first, **event}).decode()
