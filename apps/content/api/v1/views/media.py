"""The endpoints of pictures."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.content import errors, selectors
from apps.content.api.v1 import serializers
from apps.content.services import uploading
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView

_MEDIA_BYTES = 6_000


class MediaList(ApiView):
    """The caller's pictures."""

    # `secret`, here and below: answers hold addresses that open what they name, and are neither stored nor cached.
    @operation(
        permission=SignedIn,
        limit="upload",
        budget=Budget(queries=4, bytes=2 * _MEDIA_BYTES),
        request=serializers.MediaAnnounce,
        response=serializers.MediaAnnounced,
        status=201,
        secret=True,
        own_ids=True,
        errors=(
            errors.IdTaken,
            errors.MediaDiffers,
            errors.MediaQuotaSpent,
            errors.StorageUnavailable,
        ),
    )
    def post(self, request: Request) -> HttpResponse:
        """Announce a picture and get its upload granted.

        POST the fields of `upload` and then the file to its `url`, then complete it. Announcing the same `id` again
        answers 200, with a new grant as long as nothing has arrived: no Idempotency-Key is needed.
        """
        media, grant, is_new = uploading.announce(actor=self.actor, **self.payload)
        return self.answer({"media": media, "upload": grant}, status=201 if is_new else 200)


class MediaDetail(ApiView):
    """One picture."""

    @operation(
        permission=Public,
        limit="read",
        budget=Budget(queries=1, bytes=_MEDIA_BYTES),
        response=serializers.Media,
        secret=True,
        errors=(errors.MediaNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Read how far a picture is and where its files are.

        Your own, and what a post shows that you may read. Addresses of private pictures are good for ten minutes.
        """
        return self.read(selectors.media_for, self.actor, id, missing=errors.MediaNotFound)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=6),
        status=204,
        errors=(errors.MediaNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Delete your own picture and its files; posts that showed it show none.

        A 404 after a lost answer means that it is done.
        """
        uploading.delete(actor=self.actor, media_id=id)
        return self.nothing()


class MediaComplete(ApiView):
    """The end of an upload."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=4, bytes=_MEDIA_BYTES),
        request=Empty,
        response=serializers.Media,
        secret=True,
        errors=(errors.MediaNotFound, errors.UploadMissing, errors.StorageUnavailable),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Say that the file has been uploaded, so that it is looked at.

        Completing it again changes nothing. Ask `GET media/{id}` until it is `ready` or `refused`.
        """
        media = uploading.complete(actor=self.actor, media_id=id, **self.payload)
        return self.answer(media)
