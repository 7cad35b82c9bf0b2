"""The words of readers' own pages, in Swedish and English."""

from __future__ import annotations

from distributor.newsroom import words

_PAGES: dict[str, dict[str, str]] = {
    "sv": {
        "as_now": "Som nu: olika för olika ämnen",
        "bad_body": "Begäran gick inte att tolka. Inget har ändrats.",
        "choose_language": "Välj minst ett språk.",
        "chosen_languages": "Språk du läser",
        "chosen_pace": "Hur ofta",
        "chosen_topics": "Ämnen",
        "daily": "Samlat en gång om dagen",
        "embargo_closed": "Länken gäller inte längre. Kontakta oss om du undrar varför.",
        "embargo_open": "Öppna materialet",
        "embargo_personal": "Länken är din. Vi noterar när du öppnar materialet.",
        "embargo_title": "Material under embargo",
        "end_all": "Avsluta allt",
        "end_all_help": "Då får du inga fler utskick från oss.",
        "end_topic": "Avsluta {name}",
        "ended_all": "Du får inga fler utskick från {name}.",
        "ended_topic": "Du får inte längre {topic}.",
        "feeds_all_languages": "Alla språk",
        "feeds_all_topics": "Alla ämnen",
        "feeds_corrections": "Rättas eller återkallas något, ändras det i flödet under samma id.",
        "feeds_everything": "Allt",
        "feeds_good_to_know": "Bra att veta",
        "feeds_holds": "Ett flöde har hela texten av de {count} senaste. Hämta det högst en gång "
        "i minuten.",
        "feeds_title": "Flöden",
        "feeds_what": "Ett flöde är en adress som du ger till en flödesläsare. Den visar "
        "det nya så snart det har publicerats. Du behöver inget konto, och vi vet inte vem du är.",
        "immediate": "Direkt när något publiceras",
        "invalid": "Något i formuläret stämde inte. Inget har ändrats.",
        "missing_title": "Sidan finns inte",
        "missing_what": "Kontrollera adressen, eller leta bland allt som har publicerats.",
        "nothing_left": "Det finns inget kvar att avsluta. Du får inga utskick från {name}.",
        "paused": "Pausat: inget tills vidare",
        "preferences_for": "Det här gäller {address}.",
        "preferences_title": "Ändra vad du får",
        "save": "Spara",
        "saved": "Sparat.",
        "too_old": "Sidan hade varit öppen för länge. Kontrollera dina val och spara igen.",
        "unknown": "Vi har inga uppgifter kvar om dig, och du får inga utskick.",
        "unsubscribe_for": "Välj vad som inte längre ska skickas till {address}.",
        "unsubscribe_title": "Avsluta prenumerationen",
        "weekly": "Samlat en gång i veckan",
    },
    "en": {
        "as_now": "As now: not the same for every topic",
        "bad_body": "The request could not be understood. Nothing has been changed.",
        "choose_language": "Choose at least one language.",
        "chosen_languages": "Languages you read",
        "chosen_pace": "How often",
        "chosen_topics": "Topics",
        "daily": "Together, once a day",
        "embargo_closed": "This link is no longer good. Please ask us if you wonder why.",
        "embargo_open": "Open the material",
        "embargo_personal": "This link is yours. We make a note when you open the material.",
        "embargo_title": "Material under embargo",
        "end_all": "End everything",
        "end_all_help": "You will get nothing more from us.",
        "end_topic": "End {name}",
        "ended_all": "You will get nothing more from {name}.",
        "ended_topic": "You will no longer get {topic}.",
        "feeds_all_languages": "All languages",
        "feeds_all_topics": "All topics",
        "feeds_corrections": "What is corrected or withdrawn changes in the feed, under its id.",
        "feeds_everything": "Everything",
        "feeds_good_to_know": "Good to know",
        "feeds_holds": "A feed has the whole text of the newest {count}. Fetch it once a minute "
        "at most.",
        "feeds_title": "Feeds",
        "feeds_what": "A feed is an address that you give to a feed reader. It shows what is new "
        "as soon as it is out. You need no account, and we do not know who you are.",
        "immediate": "As soon as something is published",
        "invalid": "Something in the form was not right. Nothing has been changed.",
        "missing_title": "There is no such page",
        "missing_what": "Check the address, or look among everything that has been published.",
        "nothing_left": "There is nothing left to end. You get no mail from {name}.",
        "paused": "Paused: nothing for now",
        "preferences_for": "This is for {address}.",
        "preferences_title": "Change what you get",
        "save": "Save",
        "saved": "Saved.",
        "too_old": "The page had been open for too long. Check your choices and save again.",
        "unknown": "We have nothing on record about you any more, and you get no mail.",
        "unsubscribe_for": "Choose what shall no longer be sent to {address}.",
        "unsubscribe_title": "Unsubscribe",
        "weekly": "Together, once a week",
    },
}


def word(language: str, key: str, **values: object) -> str:
    """The page's word for ``key``, else the one that the newsroom's pages have."""
    own = _PAGES.get(language.split("-")[0].lower(), _PAGES["en"])
    return own[key].format(**values) if key in own else words.word(language, key, **values)
