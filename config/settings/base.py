"""Everything that holds in every environment, gathered in reading order."""

from config.settings.api import *
from config.settings.apps import *
from config.settings.auth import *
from config.settings.cache import *
from config.settings.database import *
from config.settings.email import *
from config.settings.observability import *
from config.settings.push import *
from config.settings.security import *
from config.settings.storage import *
from config.settings.streams import *
from config.settings.tasks import *
