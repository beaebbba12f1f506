"""An upload to this machine's disk, judged while it streams: nothing is held in memory, nothing unfit is kept."""

from collections.abc import Callable
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from apps.content.storage.local import Admission, Forbidden, Incoming, LocalStore

# The fields and the boundaries around the file.
_AROUND = 16 * 1024


class UploadRefused(Exception):
    """An answer in the words of S3: status, code, and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def receive(request: HttpRequest, store: LocalStore, *, may_arrive: Callable[[str], bool]) -> None:
    """Put the file of a multipart form where its grant says, if it is what was granted; `may_arrive` asks once more.

    Raises UploadRefused.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        raise UploadRefused(411, "MissingContentLength", "Send a Content-Length.")
    if int(length) > settings.MEDIA_MAX_BYTES + _AROUND:
        raise UploadRefused(413, "EntityTooLarge", "The body is larger than any grant allows.")
    keeper = _Keeper(store, may_arrive)
    try:
        form = _Form(request.META, request, [keeper], "utf-8")
        keeper.form = form
        form.parse()
        keeper.keep()
    except (MultiPartParserError, SuspiciousOperation):
        raise UploadRefused(
            400, "MalformedPOSTRequest", "This is no form that ends in a file."
        ) from None
    finally:
        keeper.close()


class _Form(MultiPartParser):
    """Says which fields came before the file."""

    _post: Any

    @property
    def fields(self) -> dict[str, str]:
        return {name: values[0] if len(values) == 1 else "" for name, values in self._post.lists()}


class _Keeper(FileUploadHandler):
    """Writes the one file that the fields before it admit."""

    form: _Form

    def __init__(self, store: LocalStore, may_arrive: Callable[[str], bool]) -> None:
        super().__init__()
        self._store, self._may_arrive = store, may_arrive
        self._admission: Admission | None = None
        self._incoming: Incoming | None = None
        self._is_whole = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._admission or self.field_name != "file":
            _refuse(400, "InvalidArgument", "Send one file, under the name `file`.")
        try:
            self._admission = self._store.admission(self.form.fields)
        except Forbidden as reason:
            raise UploadRefused(403, reason.code, str(reason)) from None
        if not self._may_arrive(self._admission.key):
            _refuse(403, "AccessDenied", "This upload is not awaited any more.")
        self._incoming = Incoming(self._store)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._admission and self._incoming  # noqa: S101, PT018 - a file has begun
        if self._incoming.size + len(raw_data) > self._admission.size:
            _refuse(400, "EntityTooLarge", "The file is larger than was granted.")
        self._incoming.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        assert self._admission and self._incoming  # noqa: S101, PT018
        if self._incoming.size < self._admission.size:
            _refuse(400, "EntityTooSmall", "The file is smaller than was granted.")
        if not self._incoming.is_what(self._admission.sha256):
            _refuse(400, "BadDigest", "The file is not the one that was granted.")
        self._is_whole = True

    def keep(self) -> None:
        """Put the file where it belongs; called when the whole form was fit."""
        if not (self._is_whole and self._admission and self._incoming):
            _refuse(400, "InvalidArgument", "The form has no file at its end.")
        try:
            self._incoming.move_to(self._admission.key, replace=False)
        except FileExistsError:
            raise UploadRefused(409, "OperationAborted", "The file has arrived already.") from None

    def close(self) -> None:
        if self._incoming:
            self._incoming.__exit__()


def _refuse(status: int, code: str, message: str) -> NoReturn:
    raise UploadRefused(status, code, message)
