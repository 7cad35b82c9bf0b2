"""Five queues, drained in order; a message is an id; without Redis the bell is silent at once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from kombu.exceptions import OperationalError

from distributor.service import broker, celery, clock, heartbeat, parts, redis, tether
from distributor.service.option_sections import Options, RedisOptions
from distributor.service.parts import QUEUES
from tests.running import until

Worker = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def worker(redis_server: str) -> Iterator[Worker]:
    """Starts a worker of some queues, with tasks for tests, and waits until it lives."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(*queues: str) -> subprocess.Popen[bytes]:
        command = parts.worker(f"test{len(begun)}", queues)
        command[command.index("distributor.service.celery")] = "tests.integration.service_tasks"
        begun.append(tether.spawn(command, environ=dict(os.environ)))
        with redis.client(redis_server) as connected:
            until(lambda: len(heartbeat.alive(connected, "worker")) == len(begun))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


def send(name: str, *arguments: object, queue: str) -> None:
    celery.celery.send_task(name, args=arguments, queue=queue)


def test_a_message_is_json_in_the_queue_of_its_name(redis_server: str) -> None:
    for queue in QUEUES:
        send("tests.note", 7, queue=queue)
    with redis.client(redis_server) as connected:
        for queue in QUEUES:
            assert connected.llen(queue) == 1
            message = json.loads(connected.lindex(queue, 0))
            assert message["content-type"] == "application/json"
            assert message["properties"]["delivery_mode"] == 2


def test_there_are_five_queues_and_no_other(redis_server: str) -> None:
    with pytest.raises(Exception, match="nowhere"):
        send("tests.note", 7, queue="nowhere")


def test_a_stop_reaches_the_task_that_runs(worker: Worker, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = worker("email")
    send("tests.slow", str(mark), 240, queue="email")
    until(lambda: mark.exists() and mark.read_text() == "begun")
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    assert mark.read_text() == "stopped"


def test_queues_are_drained_in_the_order_given(worker: Worker, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    for number in range(3):
        send("tests.note", str(noted), f"email{number}", queue="email")
    for number in range(3):
        send("tests.note", str(noted), f"urgent{number}", queue="urgent")
    worker("urgent", "email")
    until(lambda: noted.exists() and len(noted.read_text().split()) == 6)
    assert noted.read_text().split() == [
        *("urgent0", "urgent1", "urgent2"),
        *("email0", "email1", "email2"),
    ]


def test_a_worker_outlives_redis(worker: Worker, tmp_path: Path, redis_server: str) -> None:
    noted, process = tmp_path / "noted", worker("feeds")
    data_dir = settings.DISTRIBUTOR.site.data_dir
    with redis.client(redis_server) as connected:
        os.kill(int(connected.info("server")["process_id"]), signal.SIGKILL)
    until(lambda: not redis.answers(data_dir))
    redis.clear(data_dir)
    again = tether.spawn(redis.command(data_dir))
    try:
        assert redis.wait(data_dir, again)
        send("tests.note", str(noted), "back", queue="feeds")
        until(noted.exists)
        assert process.poll() is None
    finally:
        again.kill()
        again.wait()
        redis.clear(data_dir)


def test_a_worker_that_takes_no_message_ends(
    worker: Worker, tmp_path: Path, redis_server: str
) -> None:
    mark = tmp_path / "mark"
    deaf, busy, idle = worker("email"), worker("webhooks"), worker("feeds")
    send("tests.slow", str(mark), 240, queue="webhooks")
    send("tests.note", str(mark), "later", queue="webhooks")
    send("tests.deafen", queue="email")
    until(mark.exists)
    with redis.client(redis_server) as connected:
        until(lambda: not connected.exists("email"), 20, "the worker to take its last message")
        celery.celery.send_task("tests.note", args=[str(mark), ""], queue="email", priority=9)
        assert deaf.wait(40) == 1
        said = {queue for each in heartbeat.alive(connected, "worker") for queue in each[2:]}
        assert {"webhooks", "feeds"} <= said
        assert connected.exists("webhooks"), "nothing waited for the one that is busy"
    assert busy.poll() is idle.poll() is None


@pytest.mark.parametrize("url", ["unix:///nowhere/redis.sock", "redis://127.0.0.1:1/0"])
def test_without_redis_a_publish_fails(url: str) -> None:
    publish_in_vain(url)


def test_redis_that_hangs_up_is_asked_once() -> None:
    asked = []

    def hang_up() -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()
                asked.append(time.monotonic())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, daemon=True).start()
        publish_in_vain(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        server.shutdown(socket.SHUT_RDWR)
    assert len(asked) == 1


def test_without_an_answer_from_redis_a_publish_fails_soon() -> None:
    begun = time.monotonic()
    with socket.socket() as server, socket.socket() as filling:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        filling.connect(server.getsockname())
        publish_in_vain(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
    assert time.monotonic() - begun < 8, "it was waited for as if it were connected"


def publish_in_vain(url: str) -> None:
    away = celery.Celery("away", set_as_current=False)
    away.conf.update(broker.configuration(Options(redis=RedisOptions(url=url))))
    with pytest.raises(OperationalError):
        away.send_task("tests.note", args=[7], queue="email")


def test_the_clock_counts_intervals_of_utc() -> None:
    configured = clock.celery.conf
    assert configured.enable_utc
    assert configured.timezone == "UTC"
    assert configured.beat_scheduler == "distributor.service.clock:Steady"
    assert all(isinstance(e["schedule"], float) for e in configured.beat_schedule.values())
    assert set(configured.beat_schedule) >= {"sweep"}


def test_nothing_is_kept_of_results_and_every_queue_has_a_worker() -> None:
    configured = celery.celery.conf
    assert configured.task_ignore_result
    assert not configured.result_backend
    assert configured.task_acks_late
    assert (configured.worker_pool, configured.worker_prefetch_multiplier) == ("solo", 0)
    assert {queue for queues in parts.WORKERS.values() for queue in queues} == set(QUEUES)
    where = [name for name, queues in parts.WORKERS.items() if "webhooks" in queues]
    assert where == ["webhooks"]
