"""What may be done with a page: once an edition exists, nothing that takes it from the public."""

from __future__ import annotations

from typing import Any

from wagtail.models import PagePermissionTester

from distributor.dispatch import erasing


class NewsroomPermissions(PagePermissionTester):
    """The lists of releases stay where they are."""

    def can_delete(self, ignore_bulk: bool = False) -> bool:
        return False

    def can_unpublish(self) -> bool:
        return False

    def can_move(self) -> bool:
        return False

    def can_copy(self) -> bool:
        return False

    def can_set_view_restrictions(self) -> bool:
        return False


class ReleasePermissions(PagePermissionTester):
    """Wagtail's rights, less Unpublish, Delete and Move for a release that was issued."""

    def __init__(self, user: Any, page: Any) -> None:
        super().__init__(user, page)
        self._issued: bool | None = None

    @property
    def issued(self) -> bool:
        if self._issued is None:
            self._issued = self.page.is_issued()
        return self._issued

    def can_edit(self) -> bool:
        return not erasing.is_erased(self.page.release_id) and super().can_edit()

    def can_delete(self, ignore_bulk: bool = False) -> bool:
        return not self.issued and super().can_delete(ignore_bulk)

    def can_unpublish(self) -> bool:
        return not self.issued and super().can_unpublish()

    def can_move(self) -> bool:
        return not self.issued and super().can_move()

    def can_set_view_restrictions(self) -> bool:
        return False
