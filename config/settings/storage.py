"""Static files, media and language."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config import env
from config.settings import timeouts

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL_STATE = ROOT / ".local"

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = ROOT / ".local" / "static"
STATICFILES_DIRS = [ROOT / "templates" / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Pictures: "local" keeps them in a folder that web and worker share, "s3" in a bucket.
MEDIA_STORAGE = env.text("MEDIA_STORAGE", local="local")
MEDIA_FOLDER = Path(env.text("MEDIA_FOLDER", default=str(LOCAL_STATE / "media")))
# Where the local store takes uploads and gives files out; nothing else of the product answers below it.
MEDIA_PATH = "/media/"
# Where public pictures are read from: another origin than the API's, so that nothing in them could act as us. For s3
# the CDN in front of the bucket; for local a host name of its own that leads here.
MEDIA_ORIGIN = env.url(
    "MEDIA_ORIGIN", "http", "https", local=f"http://localhost:{env.number('PORT', default=8000)}"
).rstrip("/")

S3_BUCKET = env.text("S3_BUCKET") if MEDIA_STORAGE == "s3" else env.text("S3_BUCKET", default="")
S3_REGION = env.text("S3_REGION", default="us-east-1")
# Without one, Amazon's own for the region.
S3_ENDPOINT_URL = env.url("S3_ENDPOINT_URL", "http", "https", default="")
# Without them, whatever the machine's role gives.
S3_ACCESS_KEY_ID = env.text("S3_ACCESS_KEY_ID", default="")
S3_SECRET_ACCESS_KEY = env.text("S3_SECRET_ACCESS_KEY", default="")
# "virtual" puts the bucket into the host name, "path" behind it.
S3_ADDRESSING = env.choice("S3_ADDRESSING", ("virtual", "path"), default="virtual")
STORAGE_TIMEOUTS = (timeouts.STORAGE_CONNECT, timeouts.STORAGE_READ)

# Exports of personal data: private, apart from pictures, and gone after some days.
STORAGES["exports"] = (
    {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "region_name": S3_REGION,
            "endpoint_url": S3_ENDPOINT_URL or None,
            "access_key": S3_ACCESS_KEY_ID or None,
            "secret_key": S3_SECRET_ACCESS_KEY or None,
            "addressing_style": S3_ADDRESSING,
            "location": "exports",
            "default_acl": None,
            "querystring_auth": True,
        },
    }
    if MEDIA_STORAGE == "s3"
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": MEDIA_FOLDER.parent / "exports",
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
)
EXPORT_LINK_SECONDS = 600
EXPORT_KEPT = timedelta(days=3)
# A request that no worker has fulfilled by then is forgotten, so that it may be made again.
EXPORT_MADE_WITHIN = timedelta(days=1)

# Seconds for which an upload is granted, and a private picture's address is good: at most ten minutes (UP-01).
MEDIA_GRANT_SECONDS = 600
MEDIA_LINK_SECONDS = 600
MEDIA_MAX_BYTES = 20 * 1024 * 1024
# What one person may keep.
MEDIA_QUOTA_COUNT = 1_000
MEDIA_QUOTA_BYTES = 1024 * 1024 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
