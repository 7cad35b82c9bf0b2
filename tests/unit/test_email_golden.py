"""Every kind of mail, byte for byte as it was last looked at.

After a change that is meant: ``python -m tests.golden.mails``, and read the difference.
"""

from distributor.channels.email import sample
from tests.golden.mails import FOLDER, compositions


def test_every_mail_is_as_it_was() -> None:
    made = {name: sample(composition) for name, composition in compositions()}
    kept = {path.stem: path.read_bytes() for path in FOLDER.glob("*.eml")}
    assert made.keys() == kept.keys()
    assert [name for name, raw in made.items() if raw != kept[name]] == []
