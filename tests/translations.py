"""Whether everything that Django is to translate is translated into Swedish, and compiled."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).parent.parent
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext"}


def asked_for() -> Iterator[tuple[str, str]]:
    """Each text that the code hands to gettext, and where."""
    for path in sorted((ROOT / "distributor").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                text = node.args[0]
                if node.func.id in CALLS and isinstance(text, ast.Constant):
                    yield str(text.value), f"{path.relative_to(ROOT)}:{node.lineno}"


def main() -> int:
    problems = []
    known: set[str] = set()
    for path in sorted((ROOT / "distributor").rglob("*.po")):
        source, compiled = polib.pofile(str(path)), polib.mofile(str(path.with_suffix(".mo")))
        for entry in source:
            if entry.obsolete:
                continue
            if not entry.translated():
                problems.append(f"{path.name}:{entry.linenum}: {entry.msgid!r} is not translated")
            known.add(entry.msgid)
        if {e.msgid: e.msgstr for e in source.translated_entries()} != {
            e.msgid: e.msgstr for e in compiled
        }:
            problems.append(f"{path}: compile it again: python -m tests.translations --compile")
    problems += [
        f"{where}: {text!r} is in no catalogue" for text, where in asked_for() if text not in known
    ]
    print("\n".join(problems))
    return 1 if problems else 0


def compile_all() -> int:
    for path in (ROOT / "distributor").rglob("*.po"):
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))
    return 0


if __name__ == "__main__":
    sys.exit(compile_all() if "--compile" in sys.argv else main())
