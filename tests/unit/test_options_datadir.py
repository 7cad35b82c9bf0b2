"""The data folder: made where it is missing, closed to other users, with a key that stays."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distributor.service import databases, datadir, options


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def load(working: Path, **environ: str) -> options.Options:
    return options.load({f"DISTRIBUTOR_{k}": v for k, v in environ.items()}, working=working)


def test_it_is_in_the_working_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert load(tmp_path).site.data_dir == tmp_path / "var"
    assert load(tmp_path, SITE__DATA_DIR="a/b").site.data_dir == tmp_path / "a/b"
    other = tmp_path / "other"
    assert load(tmp_path, SITE__DATA_DIR=str(other)).site.data_dir == other


def test_other_users_reach_what_is_public_and_nothing_else(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        got = load(tmp_path)
        databases.setting(got)
    finally:
        os.umask(before)
    folder = got.site.data_dir
    assert mode(folder) == 0o711
    assert mode(folder / "public") == 0o755
    others = [path for path in folder.iterdir() if path.name != "public"]
    assert {path.name for path in others} >= {"secret_key", "distributor.sqlite3", "redis", "mail"}
    assert all(mode(path) & 0o077 == 0 for path in others)


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    load(tmp_path)
    assert mode(folder) == 0o711


def test_a_folder_that_is_everybodys_is_refused() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root owns such a folder")
    with pytest.raises(options.Wrong, match="everybody's"):
        load(Path("/"), SITE__DATA_DIR="/tmp")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(options.Wrong) as caught:
        load(tmp_path, SITE__DATA_DIR="file/var")
    assert f'site.data_dir = "{tmp_path}/file/var"' in str(caught.value)
    assert "allowed: a folder that this user can make and write" in str(caught.value)


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first, again = load(tmp_path), load(tmp_path)
    assert len(first.site.secret_key) == 64
    assert first.site.secret_key == again.site.secret_key
    assert first.origin("site.secret_key").startswith("made, ")
    given = load(tmp_path, SITE__SECRET_KEY="x" * 16)
    assert given.site.secret_key == "x" * 16


def test_whoever_starts_at_the_same_time_has_the_same_key(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _, folder=folder: datadir.secret_key(folder), range(8)))
        assert len(keys) == 1
