"""Logs: one JSON object per line, with the request and the actor that it was about."""

import datetime
import logging
import logging.config
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import orjson
import structlog
from celery.signals import setup_logging
from structlog.stdlib import ProcessorFormatter
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, Processor, WrappedLogger

from apps.core.observability.scrubbing import scrub, scrub_text

# Lines that repeat what an access line or a job's own line says.
_QUIETER = {
    "django.server": "CRITICAL",
    "celery.worker.strategy": "WARNING",
    "celery.app.trace": "WARNING",
    # Each retry of each report to a Sentry that is away.
    "urllib3.connectionpool": "ERROR",
    # Each attempt to reconnect, one a second in every process, while Postgres is away.
    "psycopg.pool": "ERROR",
}
# Loggers that are given handlers of their own, which would write past the formatter.
_WITHOUT_HANDLERS = ("django", "celery", "celery.task", "gunicorn.error", "gunicorn.access")
_FIRST_KEYS = ("time", "level", "logger", "event")

# The request and the actor that lines are about. One variable: structlog keeps one for each name, and reads all of them
# to find its own.
_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))


def _say_about(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {**_about.get(), **event}


_DESCRIBE: list[Processor] = [
    _say_about,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
]
# What callers add must not replace what we know: extras come first.
_DESCRIBE_FOREIGN: list[Processor] = [structlog.stdlib.ExtraAdder(), *_DESCRIBE]
_WITHOUT_META = ProcessorFormatter.remove_processors_meta

_access = logging.getLogger("access")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def configure(options: Mapping[str, Any]) -> None:
    """Send everything that is logged through one formatter to standard error.

    Called by Django with `settings.LOGGING`: `{"level": "INFO", "format": "json" | "console"}`.
    """
    logging.config.dictConfig(_dictionary(**options))
    # Nobody reads these of a record, and every record would look them up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_DESCRIBE,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _dictionary(level: str, format: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": _console if format == "console" else _json}},
        "filters": {"failures": {"()": _Failures}},
        "handlers": {"stderr": {"()": _Handler, "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {"handlers": [], "propagate": True, "filters": ["failures"]},
            **{name: {"handlers": [], "propagate": True} for name in _WITHOUT_HANDLERS},
            **{
                name: {"handlers": [], "propagate": True, "level": quiet}
                for name, quiet in _QUIETER.items()
            },
        },
    }


def bind_request(request_id: str, **more: Any) -> None:
    """Name the request on every line from here on, in this thread or task."""
    _about.set({**_about.get(), "request_id": request_id, **more})


def bind_actor(actor_id: uuid.UUID | str | None) -> None:
    """Name who is asking; None for somebody not signed in."""
    _about.set({**_about.get(), "actor": str(actor_id) if actor_id else None})


def current_context() -> dict[str, str]:
    """Return what a job must carry to be traced back: request id and actor, as far as known."""
    bound = _about.get()
    return {key: str(bound[key]) for key in ("request_id", "actor") if bound.get(key) is not None}


@contextmanager
def restored_context(context: Mapping[str, Any]) -> Iterator[None]:
    """Log in the name of the request that `context` came from, then of whoever was before."""
    before = _about.set(context)
    try:
        yield
    finally:
        _about.reset(before)


def clear() -> None:
    """Forget the request and the actor."""
    _about.set({})


def access_log(
    method: str, route: str, status: int, duration_ms: float, *, platform: str, app_version: str
) -> None:
    """Write the one line that every answered request leaves."""
    if not _access.isEnabledFor(logging.INFO):
        return
    # Nothing here needs scrubbing: all of it was made by us or has passed a strict pattern.
    event = {
        "time": f"{datetime.datetime.now(datetime.UTC).replace(tzinfo=None).isoformat()}Z",
        "level": "info",
        "logger": "access",
        "event": "request",
        **_about.get(),
        "method": method if method in _METHODS else "other",
        "route": route,
        "platform": platform,
        "app_version": app_version,
        "status": status,
        "duration_ms": round(duration_ms, 2),
    }
    _access.handle(_Described(event))


class _Described(logging.LogRecord):
    """An event that is complete: every request writes one, so it skips the chain of 150 µs."""

    def __init__(self, event: EventDict) -> None:
        super().__init__("access", logging.INFO, "", 0, event, (), None)
        # What structlog marks its own records with.
        self._logger, self._name = None, "info"


class _JSONFormatter(ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, _Described):
            return orjson.dumps(record.msg).decode()
        return super().format(record)


class _Failures(logging.Filter):
    """Of what Django says about answers, only failures it met: of the rest, the access line tells."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


class _Handler(logging.StreamHandler[Any]):
    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        # Looked up for each line: whoever replaces standard error wants what is logged from then on.
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the parent's name
        # The stock one prints the message and its arguments, which nobody has scrubbed.
        failure = sys.exc_info()[0]
        line = {"level": "error", "logger": record.name, "event": "unloggable"}
        line["where"] = f"{record.filename}:{record.lineno}"
        sys.stderr.write(_line(None, "", {**line, "error": failure and failure.__name__}) + "\n")


def _json() -> ProcessorFormatter:
    # Never the locals of a traceback's frames: they are whatever the request held.
    exceptions = ExceptionDictTransformer(show_locals=False, max_frames=30)
    renderer: list[Processor] = [
        structlog.processors.ExceptionRenderer(exceptions),
        _scrubbed,
        _line,
    ]
    return _JSONFormatter(
        foreign_pre_chain=_DESCRIBE_FOREIGN, processors=[_WITHOUT_META, *renderer]
    )


def _console() -> ProcessorFormatter:
    colours = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time")
    renderer: list[Processor] = [
        structlog.processors.format_exc_info,
        _scrubbed_for_people,
        colours,
    ]
    return ProcessorFormatter(
        foreign_pre_chain=_DESCRIBE_FOREIGN, processors=[_WITHOUT_META, *renderer]
    )


def _scrubbed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return dict(scrub(event))


def _scrubbed_for_people(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    exception = event.pop("exception", None)
    event = dict(scrub(event))
    if exception:
        event["exception"] = "\n".join(scrub_text(line) for line in exception.splitlines())
    return event


def _line(_: WrappedLogger, __: str, event: EventDict) -> str:
    first = {key: event.pop(key) for key in _FIRST_KEYS if key in event}
    return orjson.dumps({**first, **event}).decode()


@setup_logging.connect(weak=False)
def _leave_logging_alone(**_: Any) -> None:
    """Celery sets up handlers of its own unless somebody listens to this signal."""
