"""The few words of ours that readers see beside a release's own, in Swedish and English."""

WORDS: dict[str, dict[str, str]] = {
    "sv": {
        "about": "Om {name}",
        "calendar": "Lägg till i kalendern",
        "case_number": "Diarienummer",
        "contact": "Kontakt",
        "correction": "Rättelse",
        "corrected_at": "Rättat {moment}.",
        "digest_daily": "Nyheter från {name}, {day}",
        "digest_weekly": "Veckans nyheter från {name}, {day}",
        "embargo_banner": "Embargo till {moment}.",
        "embargo_request": "Publicera, sprid eller citera inte innehållet före dess.",
        "embargo_link": "Öppna materialet på din personliga sida",
        "embargo_link_only": "Materialet finns på din personliga sida tills embargot löper ut.",
        "event": "När och var",
        "event_cancelled": "Inställt",
        "event_changed": "Ändrat",
        "facts": "Fakta",
        "feed_description": "Pressmeddelanden från {name}",
        "own_language": "svenska",
        "held": "Avvakta: använd inte uppgifterna",
        "held_text": "Vi har dragit in det här tills vidare. Använd det inte förrän vi hör av oss.",
        "image": "Bild",
        "invitation": "Pressinbjudan",
        "news": "Nyhet",
        "other_languages": "På andra språk",
        "other_topics": "Övrigt",
        "photo": "Foto",
        "place": "Plats",
        "preferences": "Ändra vad du får",
        "press": "Pressmeddelande",
        "press_dated": "pressmeddelande {day}",
        "invitation_dated": "pressinbjudan {day}",
        "news_dated": "nyhet {day}",
        "read_on_web": "Läs på webben",
        "read_rest": "Läs resten på webben",
        "registration": "Anmälan",
        "replaces": "Ersätter ett tidigare, återkallat utskick",
        "resumed": "Klart att använda",
        "resumed_text": "Uppgifterna får användas igen.",
        "right": "Rätt",
        "sent_by": "Skickat av {name}",
        "time": "Tid",
        "topics": "Ämnen",
        "unsubscribe": "Avsluta prenumerationen",
        "update": "Uppdatering",
        "updated_at": "Uppdaterat {moment}.",
        "web": "Webb",
        "withdrawn": "Återkallat",
        "withdrawn_text": "Använd varken text eller bilder.",
        "wrong": "Fel",
        "why_digest": "Du får det här för att du har valt att få nyheter från {name} samlade.",
        "why_reader": "Du får det här för att du har bett om nyheter från {name}.",
        "why_press": "Du får det här för att {name} har dig som presskontakt.",
        "why_granted": "Du får det här i förväg för att {name} har godkänt dig som mottagare.",
        "press_first": (
            "Det här är första gången {name} skriver till dig. Vi skickar nyheter till dig för "
            "att du bevakar sådant som vi arbetar med. Adressen kommer från dig, din redaktion "
            "eller en öppen källa; fråga oss, så berättar vi vilken. Du har rätt att invända, när "
            "som helst och utan att säga varför: använd länken nedan, så skriver vi inte mer."
        ),
        "object": "Invänd och slipp fler utskick",
        "test": "TEST: ",
        "subject_invitation": "Pressinbjudan: ",
        "subject_embargo": "EMBARGO till {moment}: ",
        "subject_update": "UPPDATERAD: ",
        "subject_changed": "ÄNDRAD: ",
        "subject_cancelled": "INSTÄLLD: ",
        "subject_fact": "RÄTTELSE: ",
        "subject_withheld": "AVVAKTA: ",
        "subject_resumed": "KLART ATT ANVÄNDA: ",
        "subject_withdrawn": "ÅTERKALLAT: ",
    },
    "en": {
        "about": "About {name}",
        "calendar": "Add to your calendar",
        "case_number": "Case number",
        "contact": "Contact",
        "correction": "Correction",
        "corrected_at": "Corrected {moment}.",
        "digest_daily": "News from {name}, {day}",
        "digest_weekly": "This week’s news from {name}, {day}",
        "embargo_banner": "Embargo until {moment}.",
        "embargo_request": "Please do not publish, share or quote any of this before then.",
        "embargo_link": "Open the material on your personal page",
        "embargo_link_only": "The material is on your personal page until the embargo ends.",
        "event": "When and where",
        "event_cancelled": "Cancelled",
        "event_changed": "Changed",
        "facts": "Facts",
        "feed_description": "Press releases from {name}",
        "own_language": "English",
        "held": "Hold: do not use this yet",
        "held_text": "We have put this on hold. Please do not use it until you hear from us.",
        "image": "Picture",
        "invitation": "Press invitation",
        "news": "News",
        "other_languages": "In other languages",
        "other_topics": "Other news",
        "photo": "Photo",
        "place": "Place",
        "preferences": "Change what you get",
        "press": "Press release",
        "press_dated": "press release of {day}",
        "invitation_dated": "press invitation of {day}",
        "news_dated": "news of {day}",
        "read_on_web": "Read on the web",
        "read_rest": "Read the rest on the web",
        "registration": "Registration",
        "replaces": "Replaces an earlier one, since withdrawn",
        "resumed": "Cleared for use",
        "resumed_text": "You may use this again.",
        "right": "Right",
        "sent_by": "Sent by {name}",
        "time": "Time",
        "topics": "Topics",
        "unsubscribe": "Unsubscribe",
        "update": "Update",
        "updated_at": "Updated {moment}.",
        "web": "Web",
        "withdrawn": "Withdrawn",
        "withdrawn_text": "Use neither text nor images.",
        "wrong": "Wrong",
        "why_digest": "You get this because you chose to get news from {name} in one mail.",
        "why_reader": "You get this because you asked for news from {name}.",
        "why_press": "You get this because {name} lists you as a press contact.",
        "why_granted": "You get this in advance because {name} has accredited you.",
        "press_first": (
            "This is the first time that {name} writes to you. We send you news because you cover "
            "what we work with. Your address comes from you, your newsroom or a public source; "
            "ask us and we will tell you which. You may object at any time and without a reason: "
            "use the link below and we will not write again."
        ),
        "object": "Object and get no more mail",
        "test": "TEST: ",
        "subject_invitation": "Press invitation: ",
        "subject_embargo": "EMBARGO until {moment}: ",
        "subject_update": "UPDATED: ",
        "subject_changed": "CHANGED: ",
        "subject_cancelled": "CANCELLED: ",
        "subject_fact": "CORRECTION: ",
        "subject_withheld": "HOLD: ",
        "subject_resumed": "CLEARED FOR USE: ",
        "subject_withdrawn": "WITHDRAWN: ",
    },
}


def word(language: str, key: str, **values: str) -> str:
    """The word for ``key`` in ``language`` (BCP 47), its ``{places}`` filled from ``values``.

    A language other than Swedish and English gets the English word.

    Raises:
        KeyError: there is no such key, or a place has no value.
    """
    return spoken(language)[key].format(**values)


def spoken(language: str) -> dict[str, str]:
    """All words in ``language``, or in English."""
    return WORDS.get(language.split("-")[0].lower(), WORDS["en"])


def is_swedish(language: str) -> bool:
    return language.split("-")[0].lower() == "sv"
