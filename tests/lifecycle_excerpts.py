"""What every channel holds after each act, in excerpts, for ``docs/lifecycle.md``.

``python -m tests.lifecycle_excerpts > docs/lifecycle.md`` has a real service publish the project's
own sample, correct, withhold, resume and withdraw it, and writes down what arrived. Addresses and
ids are replaced by ones that stay the same from run to run. With arguments FILE WRONG RIGHT it does
the same with another release, in which RIGHT takes the place of WRONG.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from lxml import etree

from tests.listeners.http import Listener
from tests.listeners.mailbox import Mailbox, mailbox
from tests.running import Service, mail_to

SAMPLE = Path(__file__).parent / "files" / "ljuspriset.txt"
SITE, IDENT = "https://press.ekvik.example", "0192f0c1-7a53-7c1e-9d0e-3f5b8a2c4d6e"
WIDTH = 100
INTRO = """\
# A release's life, seen from outside

An editor presses a button; what do readers, feed readers, machines and the public then hold? Here
is one release that is published, corrected, withheld, resumed and withdrawn, and after each step
what every channel has of it, in excerpts. All of it was recorded from a running service by
`python -m tests.lifecycle_excerpts`; the sample is the project's own, in Swedish.

Each act issues an *edition* with a number of its own. Whoever was sent an earlier one is told at
once of a correction of fact, a hold, its end and a withdrawal, whatever they follow now.
"""
AT_THE_END = """\
## While the sending is paused or cancelled

`distributor sending RELEASE --pause` stops what was issued, within one round. It holds for what is
issued later, too:

| who | while it is paused | after `--resume` |
|---|---|---|
| has an earlier edition and is told at once of this one | told at once | nothing more |
| was not reached before, follows since, or waits for an update | nothing | the newest, once |
| waits when the release is withheld or withdrawn | nothing | nothing of that |
| reads feeds and pages | the newest edition | the same |

Mail and webhooks go by the same rule. Another `--pause`, after a correction was issued, stops that
one whole: those who are told at once wait for `--resume`, too. A lift of an embargo is an edition
like any other. Where a sending has paused itself, since receivers refuse its mail, that holds for
this one edition; `--pause` makes it a person's pause as well. Only `--resume` ends a pause.

`--cancel` closes what is pending of the editions that have left, for good: it counts as failed.
It says nothing of later ones. A correction, an update or the end of a hold that is issued after it
is a sending of its own and goes to all who follow, under its title alone to those who had been sent
nothing; a hold or a withdrawal goes to those who have the text. Where the others shall not get what
comes next either, pause, and do not resume: a cancelled sending can be paused, too, and `--cancel`
leaves a pause as it is. What has not left yet cannot be cancelled; `distributor undo RELEASE` takes
it back.
"""
WRONG, RIGHT = "35 medarbetare", "53 medarbetare"
STEPS = (
    (
        "Published",
        ("publish", SAMPLE.name, "--topic", "digitalisering", "--wait"),
        "The text goes to all who follow the topic, under its title alone.",
    ),
    (
        "Corrected in fact",
        (
            *("correct", IDENT[:8], "rättad.txt", "--kind", "fact"),
            *("--note", "Antalet medarbetare var fel."),
            *("--wrong", WRONG, "--right", RIGHT, "--wait"),
        ),
        "What was wrong and what is right come first, everywhere; the older text is nowhere any "
        "more. The mail refers to the first one, so that mail programs show them together. Feed "
        "readers replace a changed entry in silence, so a notice tells them.",
    ),
    (
        "Withheld",
        ("withhold", IDENT[:8], "--reason", "Vi kontrollerar citatet.", "--wait"),
        "No channel says a word of the text; each gives the reason and the press contact.",
    ),
    (
        "Resumed",
        ("resume", IDENT[:8], "--reason", "Citatet stämmer.", "--wait"),
        "The text is back, under the same ids and addresses.",
    ),
    (
        "Withdrawn",
        ("withdraw", IDENT[:8], "--reason", "Juryn har ändrat sitt beslut.", "--wait"),
        "For good: no later act brings it back. The page answers 410 with the reason. Atom has a "
        "tombstone before the first entry for a year, for programs that know of such; all others "
        "hold the stub, whose text is the reason.",
    ),
)


@dataclass
class Recorder:
    """A running service, its listeners, and how much of what they got was told already.

    ``own`` are the words of this run that stand for those of ``STEPS``.
    """

    service: Service
    box: Mailbox
    hook: Listener
    own: dict[str, str]
    ident: str = ""
    mails: int = 0
    requests: int = 0

    def run(self, arguments: tuple[str, ...]) -> dict[str, Any]:
        """Run a command of the table on the real release."""
        given = [self.own.get(each, each) for each in arguments]
        document: dict[str, Any] = self.service.json(*given)
        self.ident = self.own[IDENT[:8]] = document["release"]
        return document

    def excerpts(self, document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Heading, language of the code block and text of each excerpt."""
        yield "What the command prints with `--json`, in part", "json", _document(document)
        yield "Mail", "", self._mail()
        yield "Page", "", self._page(document["url"])
        yield "Feeds", "", self._feeds(document["uri"])
        yield "Webhook", "json", self._webhook()
        yield "`/releases/<id>.json` (ninjs 3.1)", "json", self._ninjs()

    def _mail(self) -> str:
        ((_, raw),) = self.box.mails[self.mails :]
        self.mails += 1
        message = email.message_from_bytes(raw, policy=email.policy.default)
        named = ("Subject", "Message-ID", "References", "Release-Version")
        head = [f"{name}: {message[name]}" for name in named if message[name]]
        part = message.get_body(("plain",))
        assert part is not None
        lines = part.get_content().replace("\r\n", "\n").split("\n\n* * *")[0].split("\n")
        return "\n".join([*head, "", *_cut(lines, 8)])

    def _page(self, url: str) -> str:
        answer = self.service.answer(urlsplit(url).path)
        main = lxml.html.fromstring(answer.text).find(".//article")
        assert main is not None
        words = [" ".join(each.split()) for each in main.itertext()]
        return "\n".join([f"{answer.status_code} {answer.reason}", "", *_cut(words, 9)])

    def _feeds(self, uri: str) -> str:
        items = self.service.answer("/feeds/sv/all.json").json()["items"]
        lines = []
        for item in items:
            content = lxml.html.fragment_fromstring(item["content_html"], create_parent="div")
            said = " ".join(" ".join(content.itertext()).split())
            lines += [
                item["id"],
                f"    {item['title']}",
                f"    published {item['date_published']}, updated {item['date_modified']}, "
                f"{item['_release']['status']}",
                *textwrap.wrap(
                    said[:230] + " …", WIDTH, initial_indent=4 * " ", subsequent_indent=4 * " "
                ),
            ]
        root = etree.fromstring(self.service.answer("/feeds/sv/all.atom").content)
        stones = [each for each in root if "deleted-entry" in str(each.tag)]
        for stone in stones:
            etree.indent(stone)
            etree.cleanup_namespaces(stone)
            lines += [
                "",
                "In Atom, before the first entry:",
                etree.tostring(stone, encoding="unicode").strip(),
            ]
        return "\n".join(lines)

    def _webhook(self) -> str:
        request = self.hook.requests[self.requests]
        self.requests = len(self.hook.requests)
        body = json.loads(request.body)
        chosen = ("version", "status", "title", "lead", "body_text", "reason", "correction")
        data = {key: _short(body["data"][key]) for key in (*chosen, "published_at", "updated_at")}
        return _pretty({"type": body["type"], "timestamp": body["timestamp"], "data": data})

    def _ninjs(self) -> str:
        whole = self.service.answer(f"/releases/{self.ident}.json").json()
        chosen = ("version", "pubStatus", "representationType", "firstCreated", "versionCreated")
        document = {key: whole[key] for key in chosen}
        document |= {key: whole[key] for key in ("urgency", "edNote") if key in whole}
        document["headlines"] = [each["value"] for each in whole.get("headlines", [])]
        document["subjects"] = [each["name"] for each in whole.get("subjects", [])]
        document["bodies"] = [each["contentType"] for each in whole.get("bodies", [])]
        return _pretty({key: value for key, value in document.items() if value})


def main(sample: Path = SAMPLE, wrong: str = WRONG, right: str = RIGHT) -> None:
    print(INTRO)
    with tempfile.TemporaryDirectory() as folder, mailbox() as box, Listener() as hook:
        service = Service(Path(folder) / "service", **mail_to(box.port))
        with service:
            _prepare(service, hook, sample.read_text("utf-8"), wrong, right)
            recorder = Recorder(service, box, hook, {WRONG: wrong, RIGHT: right})
            for number, (name, arguments, prose) in enumerate(STEPS, start=1):
                document = recorder.run(arguments)
                print(f"## {number}. {name}\n\n{textwrap.fill(prose, WIDTH)}\n")
                print(f"```\n{_command(arguments)}\n```\n")
                for heading, kind, text in recorder.excerpts(document):
                    print(f"**{heading}**\n\n```{kind}")
                    print(_lasting(text, service, recorder.ident))
                    print("```\n")
    print(AT_THE_END, end="")


def _command(arguments: tuple[str, ...]) -> str:
    quoted = (f'"{each}"' if " " in each else each for each in arguments)
    return textwrap.fill(
        " ".join(["distributor", *quoted]),
        WIDTH,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _prepare(service: Service, hook: Listener, words: str, wrong: str, right: str) -> None:
    assert wrong in words
    service.cli("topics", "add", "digitalisering", "Digitalisering")
    service.readers(1, "digitalisering")
    service.cli("endpoints", "add", hook.url(), "--format", "standard")
    (service.folder / SAMPLE.name).write_text(words, "utf-8")
    (service.folder / "rättad.txt").write_text(words.replace(wrong, right), "utf-8")


def _lasting(text: str, service: Service, ident: str) -> str:
    """``text`` without what is of this run alone."""
    text = text.replace(service.url, SITE).replace(ident, IDENT)
    return re.sub(r"tag:127\.0\.0\.1", f"tag:{urlsplit(SITE).hostname}", text)


def _document(document: dict[str, Any]) -> str:
    chosen = ("release", "state", "edition", "event")
    return _pretty({key: document[key] for key in chosen})


def _pretty(value: dict[str, Any]) -> str:
    lines = []
    for key, each in value.items():
        inner = each if isinstance(each, dict) else None
        if inner and any(isinstance(one, dict) for one in inner.values()) or key == "data":
            rows = [
                f'    "{name}": {json.dumps(one, ensure_ascii=False)}' for name, one in each.items()
            ]
            lines.append(f'  "{key}": {{\n' + ",\n".join(rows) + "\n  }")
        else:
            lines.append(f'  "{key}": {json.dumps(each, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}"


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 70:
        return value[:60].rstrip() + " …"
    return value


def _cut(lines: list[str], count: int) -> list[str]:
    """The first ``count`` lines that are not empty, each within ``WIDTH``."""
    kept = [textwrap.shorten(line, WIDTH, placeholder=" …") for line in lines if line.strip()]
    return kept if len(kept) <= count else [*kept[:count], "…"]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]), *sys.argv[2:])
