"""Everything that holds in every environment, gathered in reading order."""

from config.settings.apps import *  # noqa: F403
from config.settings.security import *  # noqa: F403
from config.settings.database import *  # noqa: F403
from config.settings.cache import *  # noqa: F403
from config.settings.tasks import *  # noqa: F403
from config.settings.api import *  # noqa: F403
from config.settings.auth import *  # noqa: F403
from config.settings.email import *  # noqa: F403
from config.settings.push import *  # noqa: F403
from config.settings.storage import *  # noqa: F403
from config.settings.observability import *  # noqa: F403
