"""The worker room of campaigns: one begins, is cut into chunks, is written into the ledger chunk by chunk, and ends.

Every step is one transaction with the completion of its job: a worker that is killed has done a whole step or none.
"""

from apps.notifications.campaigning.ending import follow_some, settle
from apps.notifications.campaigning.planning import begin, plan_some
from apps.notifications.campaigning.sharing import writers_of
from apps.notifications.campaigning.writing import write_next

__all__ = ["begin", "follow_some", "plan_some", "settle", "write_next", "writers_of"]
