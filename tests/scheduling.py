"""Which tests of a run one process of xdist has, and in what order they begin.

A file is for one process, as with ``--dist loadfile``. So are the small fault tests of one group
below, which then share a scene whose start costs more than a test. What takes longest comes first:
xdist would begin with the files of the most tests, and pytest-django leaves for the end what does
not use the database of its own process.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

GROUPS = (
    ("broker", "control", "kills", "redis"),
    ("machine", "mail_server", "overtaken", "receivers"),
)
TOGETHER = {
    f"tests/faults/test_{name}.py": f"tests/faults/{group[0]}" for group in GROUPS for name in group
}
LONGEST = (
    "tests/simulation/",
    "tests/faults/",
    "tests/integration/test_service_up.py",
    "tests/features/test_main_job.py",
    "tests/features/test_mail_waits.py",
)


class ByScene(LoadScopeScheduling):
    """By file, or by the scene that files have in common."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByScene | None:
    """The long fault tests go by file: each is worth a start."""
    config.option.loadscopereorder = False
    return ByScene(config, log) if "not long" in config.option.markexpr else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order among the others, and in each file, stays."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
