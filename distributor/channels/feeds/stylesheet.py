"""The stylesheet with which a browser shows RSS and Atom as a page (CSS, no XSLT)."""

from __future__ import annotations

from distributor.rendering.words import is_swedish

_WORDS = {
    "sv": (
        "Det här är ett flöde",
        "Kopiera adressen i adressfältet och lägg in den i en flödesläsare, så kommer allt nytt "
        "till dig av sig självt. Inget konto behövs. Här nedanför står det som finns i flödet nu.",
    ),
    "en": (
        "This is a feed",
        "Copy the address of this page into a feed reader and whatever is new comes to you by "
        "itself. You need no account. Below is what the feed holds now.",
    ),
}

_RULES = """\
:root {
  color-scheme: light dark;
  --ink: #1b1b1b; --paper: #fff; --quiet: #555; --line: #ccc; --box: #eef3f8;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #161616; --quiet: #b5b5b5; --line: #444; --box: #1f2a35; }
}
rss, feed {
  display: block; max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
rss::before, feed::before {
  content: "HEADING\\A TEXT"; display: block; white-space: pre-line;
  margin-bottom: 2rem; padding: 1rem; background: var(--box); border-left: .25rem solid;
}
rss > channel { display: block; }
channel > *, item > *, feed > *, entry > * { display: none; }
channel > title, feed > title { display: block; font-size: 1.75rem; font-weight: 700; }
channel > description, feed > subtitle { display: block; color: var(--quiet); }
channel > item, feed > entry {
  display: flex; flex-direction: column; gap: .25rem;
  margin-top: 1.5rem; padding-top: 1.5rem; border-top: 1px solid var(--line);
}
item > title, entry > title { display: block; order: 1; font-size: 1.1875rem; font-weight: 700; }
item > pubDate, entry > published {
  display: block; order: 2; color: var(--quiet); font-size: .875rem;
}
item > description, entry > summary { display: block; order: 3; white-space: pre-line; }
"""


def stylesheet(language: str) -> bytes:
    """The file at :func:`stylesheet_path`, in UTF-8; Swedish, or English for any other language."""
    heading, text = _WORDS["sv" if is_swedish(language) else "en"]
    css = _RULES.replace("HEADING", heading).replace("TEXT", text)
    return f'@charset "UTF-8";\n{css}'.encode()


def stylesheet_path(language: str) -> str:
    """``/feeds/style-sv.css``: each of the site's languages has its own."""
    return f"/feeds/style-{language}.css"
