"""The official schema of ninjs 3.1 as a validator that checks formats too, without network."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

import distributor.rendering

SCHEMA = Path(distributor.rendering.__file__).with_name("data") / "ninjs-schema_3.1.json"


def validator() -> Draft202012Validator:
    """It refuses what is no URI and no date-time, else a wrong address would pass."""
    checker = Draft202012Validator.FORMAT_CHECKER
    assert {"uri", "date-time"} <= set(checker.checkers)
    return Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")), format_checker=checker)
