"""The one Jinja2 environment: every page, mail and chat text is rendered here."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_PACKAGE = Path(__file__).parent
_FOLDERS = (_PACKAGE.parent / "templates", _PACKAGE / "templates")
"""The checkout's folder, which a designer edits, or the one that the wheel ships."""


@cache
def environment() -> Environment:
    """The environment: an undefined name is an error, ``.html`` and ``.xml`` are escaped."""
    return Environment(
        loader=FileSystemLoader([folder for folder in _FOLDERS if folder.is_dir()]),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html", "xml"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def render(template: str, **context: Any) -> str:
    """``templates/<template>`` filled with ``context``.

    Raises:
        jinja2.UndefinedError: the template uses a name that ``context`` lacks.
    """
    return environment().get_template(template).render(**context)
