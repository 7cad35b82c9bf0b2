"""``distributor up``: all of it starts, what dies is started again, and nothing is left behind."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from distributor.service import redis
from tests.running import Service, free_port, until

Make = Callable[..., Service]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose parts the tests of this module kill."""
    with Service(tmp_path_factory.mktemp("house") / "service") as running:
        yield running


def ready(service: Service) -> dict[str, Any]:
    """What ``/readyz`` says, or nothing unless it is 200."""
    try:
        answer = requests.get(f"{service.url}/readyz", timeout=60)
    except requests.RequestException:
        return {}
    state: dict[str, Any] = answer.json()
    return state if answer.status_code == 200 else {}


def found(service: Service, word: str) -> list[psutil.Process]:
    """The processes with ``word`` in their name or command line, parents first."""
    named = [process for process in service.processes() if process.name() == word]
    return named or service.processes(word)


def one(service: Service, word: str) -> psutil.Process:
    return until(lambda: found(service, word), what=word)[0]


def gone(processes: list[psutil.Process]) -> bool:
    return not [
        process
        for process in processes
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]


def test_it_is_ready_and_says_where_it_is(house: Service) -> None:
    assert ready(house) == dict.fromkeys(
        ("database", "redis", "workers", "clock", "mail", "webhooks", "feeds"), "ok"
    )
    assert requests.get(f"{house.url}/healthz", timeout=60).text == "ok\n"
    words = house.words()
    assert f"site    {house.url}/" in words
    assert f"office  {house.url}/admin/" in words
    assert "caught in" in words
    assert stat_of(house) == {"public": 0o755, "other": 0o700}


def test_the_same_words_at_once_from_several_shells_go_out_once(house: Service) -> None:
    path = house.folder / "samma.txt"
    path.write_text("Samma ord\n\nDe kommer från tre skal på en gång.\n", "utf-8")
    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(house.cli, "publish", path, code=None) for _ in range(3)]
    done = [each.result() for each in tries]
    assert sorted(each.returncode for each in done) == [0, 1, 1]
    assert sum("already out" in each.stderr for each in done) == 2


def stat_of(house: Service) -> dict[str, int]:
    folders = [path for path in house.data_dir.iterdir() if path.is_dir()]
    modes = {path.name: path.stat().st_mode & 0o777 for path in folders}
    return {"public": modes.pop("public"), "other": max(modes.values())}


def test_its_parts_show_in_the_process_list(house: Service) -> None:
    lines = [" ".join(process.cmdline()) for process in house.processes()]
    assert [line for line in lines if re.search(r"celery\b.* worker", line)]
    assert len([line for line in lines if re.search(r"celery .* beat", line)]) == 1
    assert [line for line in lines if "redis-server" in line]
    names = {process.name() for process in house.processes("celery", "worker")}
    assert names >= {"celery-email", "celery-webhooks", "celery-feeds"}


def test_the_first_user_chooses_a_password_once(house: Service) -> None:
    link = re.search(r"http://\S+/password_reset/\S+", house.words())
    assert link
    with requests.Session() as browser:
        page = browser.get(link[0], timeout=60)
        assert page.status_code == 200
        password = "en-lång-hemlighet-2026"
        form = {"new_password1": password, "new_password2": password}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        done = browser.post(page.url, data=form, timeout=60)
        assert done.status_code == 200
        login = browser.get(f"{house.url}/admin/login/", timeout=60)
        assert login.status_code == 200
        entry = {"username": "operator", "password": password}
        entry["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        home = browser.post(f"{house.url}/admin/login/", data=entry, timeout=60)
        assert home.url == f"{house.url}/admin/"
    again = requests.get(link[0], timeout=60)
    assert 'name="new_password1"' not in again.text


def test_static_files_are_served_and_readers_get_no_cookie(house: Service) -> None:
    style = requests.get(f"{house.url}/static/wagtailadmin/css/core.css", timeout=60)
    assert style.status_code == 200
    assert style.headers["content-type"].startswith("text/css")
    for path in ("/", "/feeds/all.atom", "/readyz", "/nowhere"):
        assert "set-cookie" not in requests.get(house.url + path, timeout=60).headers


def test_another_host_is_not_answered_for(house: Service) -> None:
    answer = requests.get(f"{house.url}/", headers={"Host": "evil.example"}, timeout=60)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "word",
    [
        "celery-email",
        pytest.param("celery-feeds", marks=pytest.mark.long),
        pytest.param("service.crew", marks=pytest.mark.long),
        "beat",
        pytest.param("adapters.catcher", marks=pytest.mark.long),
        pytest.param("granian", marks=pytest.mark.long),
        "redis-server",
    ],
)
def test_what_is_killed_is_started_again(house: Service, word: str) -> None:
    old = one(house, word)
    below = old.children(recursive=True)
    old.kill()
    until(lambda: gone([old, *below]))
    new = until(lambda: [p for p in found(house, word) if p.pid != old.pid])[0]
    until(lambda: ready(house))
    assert new.is_running()


def test_a_dead_child_of_the_web_server_is_replaced(house: Service) -> None:
    until(lambda: ready(house))
    child = until(lambda: one(house, "granian").children())[0]
    child.kill()
    until(lambda: gone([child]))
    until(lambda: ready(house))


def test_without_redis_it_is_alive_and_not_ready(house: Service) -> None:
    until(lambda: ready(house))
    server = one(house, "redis-server")
    server.suspend()
    try:
        answer = requests.get(f"{house.url}/readyz", timeout=60)
        assert answer.status_code == 503
        assert answer.json()["redis"].startswith("away")
        assert answer.json()["database"] == "ok"
        assert requests.get(f"{house.url}/healthz", timeout=60).status_code == 200
    finally:
        server.resume()


def test_a_second_one_on_the_same_folder_is_refused(house: Service) -> None:
    done = house.cli("up", "--port", str(free_port()), code=1)
    assert done.stderr.count("\n") == 1
    assert f"runs already in {house.data_dir}" in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path, house: Service) -> None:
    other = Service(tmp_path / "other")
    done = other.cli("up", "--port", str(house.port), code=1)
    assert done.stderr == (
        f"distributor: port {house.port} of 127.0.0.1 is taken; name another with --port\n"
    )


@pytest.mark.long
def test_a_kill_takes_all_along_and_the_next_start_cleans_up(new_service: Make) -> None:
    service = new_service()
    everything = service.processes()
    assert len(everything) >= 8
    service.stop(signal.SIGKILL)
    until(lambda: gone(everything))
    assert not redis.answers(service.data_dir)
    assert redis.socket_path(service.data_dir).exists()

    service.start()
    assert ready(service)
    everything = service.processes()
    asked = time.monotonic()
    assert service.stop(signal.SIGINT) == 0
    assert time.monotonic() - asked < 15
    assert gone(everything)
    assert not [line for line in service.words().splitlines() if line.startswith("Traceback")]
