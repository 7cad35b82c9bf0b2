"""Public files are replaced whole, in step with their encodings, or not at all."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
import pytest

from distributor.adapters.files import replace, retire, retired
from distributor.errors import Unavailable

ONE, TWO = b"one " * 500, b"two " * 500


def versions(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted(path.parent.iterdir())}


def times(path: Path) -> set[int]:
    return {each.stat().st_mtime_ns for each in path.parent.iterdir()}


def test_three_files_of_one_time(tmp_path: Path) -> None:
    path = tmp_path / "feeds" / "sv" / "all.atom"
    assert replace(path, ONE, compress=True) is True
    found = versions(path)
    assert list(found) == ["all.atom", "all.atom.br", "all.atom.gz"]
    assert found["all.atom"] == ONE
    assert brotli.decompress(found["all.atom.br"]) == ONE
    assert gzip.decompress(found["all.atom.gz"]) == ONE
    assert found["all.atom.gz"][4:8] == bytes(4), "a time in it would change its bytes"
    assert found["all.atom.gz"][3] == 0, "it has a name in it"
    assert len(times(path)) == 1
    assert path.stat().st_mtime_ns % 1_000_000_000 == 0
    assert path.stat().st_mode & 0o777 == 0o644


def test_equal_bytes_touch_nothing(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE, compress=True)
    before = [(each.name, each.stat()) for each in sorted(tmp_path.iterdir())]
    folder = tmp_path.stat()
    assert replace(path, ONE, compress=True) is False
    assert [(each.name, each.stat()) for each in sorted(tmp_path.iterdir())] == before
    assert tmp_path.stat() == folder


def test_another_version_is_a_later_second_and_not_in_the_future(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE, compress=True)
    first = path.stat().st_mtime
    assert replace(path, TWO, compress=True) is True
    second = path.stat().st_mtime
    assert first + 1 <= second <= time.time()
    assert len(times(path)) == 1


def test_an_older_version_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waits"))
    began = int(time.time())
    replace(path, TWO)
    assert began <= path.stat().st_mtime <= time.time()


def test_a_version_from_the_future_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE)
    future = int(time.time()) + 3600
    os.utime(path, (future, future))
    assert replace(path, TWO) is True
    assert path.stat().st_mtime == future + 1


def test_a_missing_encoding_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE, compress=True)
    path.with_name("all.atom.gz").unlink()
    assert replace(path, ONE, compress=True) is True
    assert len(versions(path)) == 3
    assert len(times(path)) == 1


def test_what_a_killed_writer_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    for name in (".all.atom.draft", ".all.atom.gz.draft"):
        (tmp_path / name).write_bytes(b"half" * 5000)
    replace(path, ONE, compress=True)
    assert list(versions(path)) == ["all.atom", "all.atom.br", "all.atom.gz"]
    assert path.read_bytes() == ONE


@contextmanager
def full_after(octets: int) -> Iterator[None]:
    """Files cannot grow beyond ``octets``, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_files_whole(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE, compress=True)
    before = versions(path)
    with full_after(1000), pytest.raises(Unavailable, match="all.atom") as caught:
        replace(path, TWO, compress=True)
    assert (caught.value.reason, caught.value.about) == ("disk", "disk")
    assert versions(path) == before
    assert replace(path, TWO, compress=True) is True


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "all.atom"
    with full_after(1000), pytest.raises(Unavailable):
        replace(path, ONE, compress=True)
    assert versions(path) == {}


def test_a_folder_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "feeds").write_bytes(b"")
    with pytest.raises(Unavailable, match="disk"):
        replace(tmp_path / "feeds" / "all.atom", ONE)


def test_readers_never_see_a_part(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    replace(path, ONE)
    os.utime(path, (0, 0))
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(60):
            replace(path, ONE if number % 2 else TWO)
            os.utime(path, (number, number))
    finally:
        done.set()
        reader.join()
    assert seen <= {ONE, TWO}


WRITER = """
import sys
from pathlib import Path
from distributor.adapters.files import replace
replace(Path(sys.argv[1]), sys.argv[2].encode() * 1000, compress=True)
"""


def test_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "all.atom"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter]) for letter in "abc"
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    found = versions(path)
    assert list(found) == ["all.atom", "all.atom.br", "all.atom.gz"]
    assert found["all.atom"] in {letter * 1000 for letter in (b"a", b"b", b"c")}
    assert brotli.decompress(found["all.atom.br"]) == found["all.atom"]
    assert gzip.decompress(found["all.atom.gz"]) == found["all.atom"]
    assert len(times(path)) == 1


def test_what_is_retired_is_gone_and_known_to_be(tmp_path: Path) -> None:
    path = tmp_path / "sv" / "kultur.atom"
    replace(path, ONE, compress=True)
    assert not retired(path)
    retire(path)
    retire(path)
    assert retired(path)
    assert not [each for each in path.parent.iterdir() if not each.name.startswith(".")]
