"""Mail handed over to a relay by SMTP (RFC 5321), pipelined across messages (RFC 2920)."""

from distributor.adapters.smtp.parcels import Parcel, Relay, Result, Timeouts, Trouble
from distributor.adapters.smtp.pool import Limits
from distributor.adapters.smtp.postman import Postman
from distributor.adapters.smtp.routes import SILENT

__all__ = ["SILENT", "Limits", "Parcel", "Postman", "Relay", "Result", "Timeouts", "Trouble"]
