"""Feeds that cannot be written: everybody is told once, and they catch up by themselves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.running import Service, until

RELEASE = Path(__file__).parents[1] / "files" / "ljuspriset.txt"
READ_ONLY, FULL = "Read-only file system", "No space left on device"
IN_THE_WAY = "a file is where a folder should be"
PEOPLE = """
from django.contrib.auth import get_user_model
from wagtail.users.models import UserProfile
for language in ("sv", "en"):
    user = get_user_model().objects.create_superuser(language, password="press")
    profile = UserProfile.get_for_user(user)
    profile.preferred_language = language
    profile.save()
"""


def _mounted(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False)
    if os.geteuid() or done.returncode:
        pytest.skip("a folder can only be mounted by root")


@contextmanager
def read_only(public: Path) -> Iterator[str]:
    """The folder, read-only; what is said of that."""
    _mounted("--bind", public, public)
    try:
        _mounted("-o", "remount,bind,ro", public)
        yield READ_ONLY
    finally:
        subprocess.run(["umount", "--lazy", str(public)], check=True)


@contextmanager
def full(public: Path) -> Iterator[str]:
    """The folder, on a disk with no room left; what is said of that."""
    _mounted("-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", public)
    try:
        with (public / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        yield FULL
    finally:
        subprocess.run(["umount", "--lazy", str(public)], check=True)


@contextmanager
def in_the_way(public: Path) -> Iterator[str]:
    """A file where the folder should be; what is said of that."""
    aside = public.with_name("aside")
    public.rename(aside)
    public.touch()
    try:
        yield IN_THE_WAY
    finally:
        public.unlink()
        aside.rename(public)


def logged(service: Service, event: str) -> list[Any]:
    """The lines of the log that tell of ``event``."""
    lines = [line for line in service.words().splitlines() if f'"{event}"' in line]
    return [json.loads(line) for line in lines]


def dashboard(service: Service, language: str) -> str:
    """What the dashboard shows to somebody who reads ``language``."""
    login = f"{service.url}/admin/login/"
    with requests.Session() as browser:
        browser.get(login, timeout=60)
        token = browser.cookies["csrftoken"]
        entry = {"username": language, "password": "press", "csrfmiddlewaretoken": token}
        return browser.post(login, {**entry, "next": "/admin/"}, timeout=60).text


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("feeds") / "service") as running:
        running.cli("topics", "add", "kultur", "Kultur")
        until(lambda: running.answer("/feeds/sv/kultur.json").ok, 20, "the feed of the topic")
        running.cli("manage", "shell", "-v", "0", "-c", PEOPLE)
        yield running


@pytest.mark.parametrize(
    "unwritable",
    [
        in_the_way,
        pytest.param(read_only, marks=pytest.mark.long),
        pytest.param(full, marks=pytest.mark.long),
    ],
)
def test_feeds_that_cannot_be_written_are_told_of_and_catch_up(
    ours: Service, unwritable: Callable[[Path], Any]
) -> None:
    told_before = len(logged(ours, "feeds.not_written"))
    assert len(logged(ours, "feeds.written_again")) == told_before
    public = ours.data_dir / "public"
    publish = ("publish", RELEASE, "--topic", "kultur", "--again", "--wait", "--timeout")
    with unwritable(public) as why:
        told = ours.cli(*publish, "6", code=1).stderr.splitlines()[-1]
        assert f"feeds wait: {public}/feeds" in told
        assert why in told
        assert "they go on when that is mended" in told
        assert why in ours.cli("status").stdout
        assert why in ours.json("status")["services"]["feeds"]
        assert why in ours.answer("/readyz").json()["feeds"]
        assert ours.answer("/readyz").status_code == 200
        assert "Flödena väntar" in dashboard(ours, "sv")
        assert "Feeds wait" in dashboard(ours, "en")
        topic = f"sport-{told_before}"
        ours.cli("topics", "add", topic, topic.capitalize())
        ours.cli(*publish, "6", code=1)
        *_, line = logged(ours, "feeds.not_written")
        assert (line["level"], why in line["reply"]) == ("error", True)
        assert "remedy" in line
        assert len(logged(ours, "feeds.not_written")) == told_before + 1
        assert len(logged(ours, "feeds.written_again")) == told_before
        assert "Traceback" not in ours.words()

    def settled() -> bool:
        releases = ours.json("status")["releases"]
        return not any(one["channels"]["feed"]["owed"] for one in releases)

    until(settled, 40, "the feeds")
    releases = ours.json("status")["releases"]
    assert not any(one["channels"]["feed"]["failed"] for one in releases)
    shown = ours.answer("/feeds/sv/kultur.json").json()["items"]
    for one in releases:
        assert any(one["release"] in item["id"] for item in shown)
    until(lambda: ours.answer(f"/feeds/sv/{topic}.json").ok, 20, "the new feed")
    until(lambda: ours.answer("/readyz").json()["feeds"] == "ok", 20)
    assert "Flödena väntar" not in dashboard(ours, "sv")
    assert len(logged(ours, "feeds.not_written")) == told_before + 1
    assert len(logged(ours, "feeds.written_again")) == told_before + 1


def test_files_that_are_lost_are_written_again(ours: Service) -> None:
    feeds = ours.data_dir / "public" / "feeds"
    before = ours.answer("/feeds/sv/kultur.json").json()
    shutil.rmtree(feeds)
    until(lambda: ours.answer("/feeds/sv/kultur.json").status_code == 503, 10, "they are missed")
    ours.cli("sweep")
    until(lambda: ours.answer("/feeds/sv/kultur.json").ok, 20, "the feed")
    assert ours.answer("/feeds/sv/kultur.json").json() == before
    until(lambda: ours.answer("/feeds/style-sv.css").ok, 10, "its stylesheet")


@pytest.mark.long
def test_a_service_starts_though_no_feed_can_be_written(tmp_path: Path) -> None:
    ours = Service(tmp_path / "service")
    public = ours.data_dir / "public"
    public.mkdir(parents=True)
    (public / "feeds").touch()
    with ours:
        _without_feeds(ours, public)


def _without_feeds(ours: Service, public: Path) -> None:
    assert IN_THE_WAY in ours.answer("/readyz").json()["feeds"]
    answer = ours.answer("/feeds/all.atom")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert len(logged(ours, "feeds.not_written")) == 1
    assert "Traceback" not in ours.words()
    (public / "feeds").unlink()
    until(lambda: ours.answer("/feeds/sv/all.atom").ok, 30, "the feed")
    until(lambda: ours.answer("/feeds/style-sv.css").ok, 10, "its stylesheet")
    until(lambda: ours.answer("/readyz").json()["feeds"] == "ok", 20)
