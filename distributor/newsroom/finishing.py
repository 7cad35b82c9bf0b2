"""What Wagtail does when a workflow ends: nothing. Approved is not published."""

from __future__ import annotations

from typing import Any


def stay(workflow_state: Any, user: Any = None) -> None:
    """Leave the page a draft; the approval is noted from Wagtail's signal."""
