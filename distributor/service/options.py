"""Options from the file and the environment, and the one line that says what is wrong with one.

One TOML file holds them all, and the environment goes before the file: ``DISTRIBUTOR_SECTION__KEY``
sets a key, ``DISTRIBUTOR_SECTION__KEY_FILE`` names a file that holds its value.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Any

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from distributor.service import datadir
from distributor.service.option_sections import Options, Section

PREFIX = "DISTRIBUTOR_"
FILE = Path("config/distributor.toml")

_NOT_OPTIONS = re.compile(r"(CONFIG|ROLE|SERVICE_HOST|SERVICE_PORT\w*|PORT(_\d+_(TCP|UDP)\w*)?)")
"""What has another use, and what Kubernetes sets beside a service called ``distributor``."""

_ALLOWED = {
    "tuple_type": 'a list; in the environment as JSON, such as ["a", "b"]',
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "time_parsing": 'a time of day such as "07:30"',
    "time_type": 'a time of day such as "07:30"',
    "extra_forbidden": "the keys that config/distributor.toml shows, and no other",
}


class Wrong(Exception):
    """Options that cannot be used: one line for each, the first is the text."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


def load(environ: Mapping[str, str] | None = None, *, working: Path | None = None) -> Options:
    """The options of this process.

    Takes the environment and the working folder (by default those of the process). Makes
    ``site.data_dir`` and the secret key in it where they are missing.

    Raises:
        Wrong: a key, a value, the file or the data folder cannot be used.
    """
    environ = os.environ if environ is None else environ
    working = Path.cwd() if working is None else working
    path = find(environ, working)
    written = _parse(path) if path else {}
    environment = _Environment(environ)
    origins = {key: str(path) for key in _leaves(written)} | environment.origins
    try:
        options = Options(**_merged(written, environment()))
    except ValidationError as error:
        wrong = (item for item in error.errors() if item["type"] != "default_factory_not_called")
        raise Wrong(*(_line(item, origins) for item in wrong)) from None
    folder = (working / options.site.data_dir.expanduser()).absolute()
    try:
        datadir.prepare(folder)
        key = options.site.secret_key or datadir.secret_key(folder)
    except OSError as error:
        raise Wrong(
            f'site.data_dir = "{folder}" ({origins.get("site.data_dir", "default")}): '
            f"{error.strerror or error}; allowed: a folder that this user can make and write"
        ) from None
    if not options.site.secret_key:
        origins["site.secret_key"] = f"made, {folder / datadir.SECRET_KEY}"
    site = options.site.model_copy(update={"data_dir": folder, "secret_key": key})
    options = options.model_copy(update={"site": site})
    options._origins.update(origins)
    return options


def find(environ: Mapping[str, str], working: Path) -> Path | None:
    """The file of options: the one named, the working folder's, or the package's own."""
    if named := environ.get(PREFIX + "CONFIG"):
        return working / Path(named).expanduser()
    package = Path(__file__).resolve().parents[1]
    found = (folder / FILE for folder in (working, package, package.parent))
    return next((path for path in found if path.is_file()), None)


def rows(options: Options) -> Iterator[tuple[str, Any, str]]:
    """Key, value ready for JSON, and origin of every option. Secrets are hidden."""
    for key, field in fields():
        value: Any = options
        for name in key.split("."):
            value = getattr(value, "from_" if name == "from" else name)
        yield key, _plain(_shown(value, field)), options.origin(key)


def fields(model: type[BaseModel] = Options, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key, such as ``site.url``, and its field."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from fields(field.annotation, f"{name}.")
        else:
            yield prefix + (field.alias or name), field


class _Environment(EnvSettingsSource):
    """The environment, ``…_FILE`` read. What is no JSON is left for the model to judge."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.origins: dict[str, str] = {}
        self._environ = environ
        super().__init__(Options)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        known = {key for key, _ in fields()}
        found: dict[str, str | None] = {}
        for name, value in sorted(self._environ.items()):
            if not name.startswith(PREFIX) or _NOT_OPTIONS.fullmatch(name.removeprefix(PREFIX)):
                continue
            key, origin = name.removeprefix(PREFIX).lower().replace("__", "."), f"${name}"
            if key not in known and key.removesuffix("_file") in known:
                key, origin = key.removesuffix("_file"), f"{value}, named by ${name}"
                value = _contents(name, value)
            if key not in known:
                raise Wrong(f"{name} = {_json(value)}: {_no_such(key)}")
            if key in self.origins:
                raise Wrong(f"{name}: {key} is set twice; keep this or {self.origins[key]}")
            self.origins[key] = origin
            found[PREFIX.lower() + key.replace(".", "__")] = value
        return found

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _line(error: ErrorDetails, origins: Mapping[str, str]) -> str:
    """What is wrong, as ``key = value (origin): allowed: …``."""
    known = dict(fields())
    loc, value, context = [str(part) for part in error["loc"]], error["input"], error.get("ctx", {})
    if error["type"] == "not_allowed":
        loc, value = [*loc, context["key"]], context["value"]
    keys = [".".join(loc[:depth]) for depth in range(len(loc), 0, -1)]
    key = next((key for key in keys if key in known), keys[0])
    field = known.get(key)
    shown = "" if isinstance(value, dict) else f" = {_json(_shown(value, field))}"
    text = f"{key}{shown} ({origins.get(key, 'default')})"
    if error["type"] == "extra_forbidden" and field is None:
        return f"{text}: {_no_such(key)}"
    return f"{text}: allowed: {_allowed(error, field, key)}"


def _allowed(error: ErrorDetails, field: FieldInfo | None, key: str) -> str:
    if field is None:
        return f"a table, [{key}]"
    if error["type"] in _ALLOWED:
        return _ALLOWED[error["type"]]
    low = next((item.ge for item in field.metadata if isinstance(item, Ge)), None)
    high = next((item.le for item in field.metadata if isinstance(item, Le)), None)
    if low is not None and high is not None:
        number = "a whole number" if field.annotation is int else "a number"
        return f"{number} from {low} to {high}"
    return error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _no_such(key: str) -> str:
    near = difflib.get_close_matches(key, [key for key, _ in fields()], 1, 0.5)
    return "there is no such option" + (f"; is {near[0]} meant?" if near else "")


def _shown(value: Any, field: FieldInfo | None) -> Any:
    """``value`` as it may be seen: a secret as ``***``, a URL without its password."""
    extra = field.json_schema_extra if field and isinstance(field.json_schema_extra, dict) else {}
    if extra.get("hidden") == "password" and isinstance(value, str):
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", value)
    if extra.get("hidden") == "whole" and value:
        return (
            [getattr(item, "host", "***") for item in value] if isinstance(value, tuple) else "***"
        )
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, time):
        return value.isoformat("minutes")
    return value if isinstance(value, bool | int | float) else "" if value is None else str(value)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else text[:99] + "…"


def _contents(name: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise Wrong(f'{name} = "{path}": {reason}; allowed: a file that can be read') from None


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}; name a file of options that can be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Wrong(f"{path}: this is not TOML: {error}") from None


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name
