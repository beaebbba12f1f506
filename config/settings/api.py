"""The wire: DRF, versions, limits and the OpenAPI documents."""

from config import project

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.AccessTokenAuthentication"
    ],
    # Closed until an operation declares otherwise: `core.http.views` refuses handlers without a policy.
    "DEFAULT_PERMISSION_CLASSES": ["apps.core.http.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["apps.core.http.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.http.parsing.BoundedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.core.http.rendering.JSONOnly",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "ALLOWED_VERSIONS": ["v1", "v2"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.http.schema.OperationSchema",
    "EXCEPTION_HANDLER": "apps.core.http.errors.problem_response",
    "UNAUTHENTICATED_USER": "apps.core.actors.anonymous",
    "DATETIME_FORMAT": "iso-8601",
}

# Named limits: how many requests in how many seconds, per account, else per device, else per client address.
RATE_LIMITS = {
    "anon": (120, 60),
    "read": (600, 60),
    "write": (120, 60),
    "search": (60, 60),
    "auth": (20, 60),
    "upload": (30, 60),
    "expensive": (10, 60),
    "stream": (60, 60),
    # Sign-ins, registrations and codes by a network, beside the above: enough for all who share its address.
    "door": (300, 15 * 60),
}

# What everybody together may cause in 24 hours: mail costs money and our name as a sender, an archive minutes of a
# worker. Above what a good day needs; `rate_limited_total` shows when somebody meets it.
DAILY_LIMITS = {"code-mail": 100_000, "export": 5_000}

# What a server's key may be good for; operations name one of these (`scope=`), and a key reaches no others.
API_KEY_SCOPES = {
    "posts:read": "Read what the account may read.",
    "posts:write": "Write posts in the account's name.",
}

# Input bounds (reliability A-IN). Bytes, characters and counts.
MAX_BODY_BYTES = 1024 * 1024
MAX_URL_BYTES = 4096
MAX_HEADER_BYTES = 16 * 1024
MAX_JSON_DEPTH = 32
MAX_JSON_NODES = 10_000
MAX_JSON_KEY = 256
MAX_PAGE = 100
DEFAULT_PAGE = 20
# For so long all who are shown the same see one first page of a list that declares who is (`shared_unless=`), and for
# so long whoever wrote anything is shown what they wrote: longer than that page lives while a new one is worked out.
SHARED_PAGE_SECONDS = 1.0
OWN_PAGE_SECONDS = 30

DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# How long a stored answer can be replayed: longer than a phone's offline queue lives.
IDEMPOTENCY_DAYS = 7

SPECTACULAR_SETTINGS = {
    "TITLE": f"{project.NAME} API",
    "DESCRIPTION": project.TAGLINE,
    "VERSION": project.VERSION,
    "CONTACT": {"email": project.CONTACT_EMAIL},
    "LICENSE": {"name": "MIT"},
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]+",
    "COMPONENT_SPLIT_REQUEST": False,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    # What SDKs call the types of these members; without a name here they would be called after the first that comes.
    "ENUM_NAME_OVERRIDES": {
        "PostStatus": "apps.content.models.Post.Status",
        "PostVisibility": "apps.content.models.Post.Visibility",
        "MediaKind": "apps.content.models.Media.Kind",
        "MediaState": "apps.content.models.Media.State",
        "MediaVisibility": "apps.content.models.Media.Visibility",
        "CollaboratorRole": "apps.content.models.Collaborator.Role",
        "ReactionKind": "apps.content.models.Reaction.Kind",
        "ReportReason": "apps.content.models.Report.Reason",
        "ReportTarget": ["post", "comment", "person"],
        "ItemStatus": ["applied", "refused"],
        "Category": "apps.notifications.kinds.Category",
        "FirstCategory": ["social", "security"],
        "IdentityProvider": "apps.accounts.providers.id_tokens.PROVIDERS",
        "Platform": "apps.core.clients.PLATFORMS",
    },
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.http.schema.document_the_wire",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

PROJECT_NAME = project.NAME
PROJECT_VERSION = project.VERSION
PROJECT_TAGLINE = project.TAGLINE
PROBLEM_BASE = project.PROBLEM_BASE
# Seconds after which an app asks for its configuration again, and how many more at most, by chance.
APP_CONFIG_POLLING = (900, 300)
