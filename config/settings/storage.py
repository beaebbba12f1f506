"""Static files, media and language."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL_STATE = ROOT / ".local"

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = ROOT / ".local" / "static"
STATICFILES_DIRS = [ROOT / "templates" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
