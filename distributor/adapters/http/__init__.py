"""HTTP to addresses that others chose, behind a guard."""

from distributor.adapters.http.blocked import Blocked
from distributor.adapters.http.fields import check_own
from distributor.adapters.http.guard import Answer, Guard, Seen

__all__ = ["Answer", "Blocked", "Guard", "Seen", "check_own"]
