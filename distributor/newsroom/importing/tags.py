"""The elements of HTML, as far as reading text needs to tell them apart."""

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = frozenset({"ul", "ol"})
CELLS = frozenset({"td", "th"})


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCKS = (
    _names(
        "address article aside blockquote body caption center dd details dialog dir div dl dt"
        " fieldset figcaption figure footer form frameset header hgroup hr html legend li main menu"
        " nav noframes noscript optgroup option p pre search section select summary table tbody"
        " tfoot thead tr textarea template"
    )
    | frozenset(HEADINGS)
    | LISTS
    | CELLS
)
EMPHASIS = {"strong": "strong", "b": "strong", "em": "em", "i": "em"}
NO_TEXT = frozenset({"script", "style"})
FRAMES = frozenset({"iframe", "embed", "object", "video", "audio"})
_OTHERS = _names(
    "a abbr acronym area base bdi bdo big br button canvas cite code col colgroup data datalist del"
    " dfn embed font frame head img input ins kbd label link map mark meta meter object output"
    " param picture progress q rp rt ruby s samp small source span strike sub sup svg time title"
    " track tt u var video audio iframe wbr"
)
KNOWN = BLOCKS | _OTHERS | frozenset(EMPHASIS) | NO_TEXT
"""Whatever else stands in angle brackets in Markdown is text."""

CLOSED_BY_ANY = frozenset({"p"}) | frozenset(HEADINGS)
"""Elements that end where another block begins, with or without their end tag."""

CLOSED_BY_LIKE = {
    "li": (frozenset({"li"}), LISTS),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "td": (CELLS, frozenset({"table", "tr"})),
    "th": (CELLS, frozenset({"table", "tr"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "option": (frozenset({"option"}), frozenset({"select"})),
}
"""What a start tag closes, looking outwards no farther than the second set."""
