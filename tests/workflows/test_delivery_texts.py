"""What every message says, in both languages: compared with files that a person can read.

After a wording changed: delete the file under tests/workflows/mails and run this test; it writes the new
one and fails once, so that the difference is looked at.
"""

from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from workflows.delivery import senders, texts
from workflows.installation import Letter, Person

MAILS = Path(__file__).parent / "mails"
EVERYONE = {"name": "Emma Stone", "link": "http://portal.example/somewhere"}
SAMPLES: dict[str, dict[str, Any]] = {
    "review": {
        "cycle": {"en": "Second half-year", "zh": "下半年"},
        "due": "2026-11-30",
        "reviewee": "Rui Chen",
        "count": 12,
    },
    "training": {
        "course": {"en": "Safety basics", "zh": "安全基础"},
        "day": "2026-12-01T09:00:00+00:00",
        "place": "B 12",
        "time": "09:00",
    },
    "job": {"title": "Import of a.csv", "error": "The file is empty."},
    "onboarding": {},
    "goal": {
        "who": "derek",
        "goal": "Fewer rejects",
        "result": "Pass rate",
        "text": "The press stands still.",
        "before": "95",
        "after": "97",
        "score": "0.8",
    },
    "goals": {
        "who": "derek",
        "template": {"en": "Safe work", "zh": "安全工作"},
        "count": 5,
        "day": "2026-12-01",
        "due": "2027-05-31",
    },
    "comment": {
        "who": "hana",
        "what": {"en": "Employee", "zh": "员工"},
        "record": {"en": "Emma Stone", "zh": "艾玛"},
        "text": "Please look.",
    },
}


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", texts.kinds())
def test_a_message_reads_as_its_file_says(kind: str, language: str) -> None:
    text = texts.render(kind, language, SAMPLES.get(kind.partition("_")[0], {}) | EVERYONE)
    written = f"{text.subject}\n\n{text.body}"
    path = MAILS / f"{kind}.{language}.txt"
    if not path.exists():
        path.write_text(written, encoding="utf-8")
        pytest.fail(f"{path.name} is new: read it and run again")
    assert written == path.read_text(encoding="utf-8")


POISON = "<script>alert(1)</script>\r\nBcc: everybody@example.com\r\n\r\n{0.__class__}\u2028\x0b"


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", texts.kinds())
def test_hostile_values_are_text_in_one_line_and_in_no_other_header(kind: str, language: str) -> None:
    given = SAMPLES.get(kind.partition("_")[0], {})
    poisoned = {name: value if name in ("due", "day", "count") else POISON for name, value in given.items()}
    text = texts.render(kind, language, poisoned | {"name": POISON, "link": "http://portal.example/x"})
    person = Person("emma", POISON, "emma@example.com", language)
    mail = senders.as_mail(Letter(person, text.subject, text.body, "notice-1.plumbline"), "plumbline@example.com")
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert (read["Bcc"], read.get_content_type(), read.defects) == (None, "text/plain", [])
    assert read["To"].addresses[0].addr_spec == "emma@example.com"
    assert len(read["To"].addresses) == 1
    assert "<script>" in read.get_content()
    assert "<class" not in read.get_content()


@pytest.mark.parametrize("kind", texts.kinds())
def test_every_kind_has_words_in_every_language(kind: str) -> None:
    missing = [language for language in texts.LANGUAGES if not (texts.FOLDER / f"{kind}.{language}.txt").exists()]
    assert missing == []


def test_the_languages_have_the_same_places() -> None:
    def places(kind: str, language: str) -> set[str | None]:
        subject, body = texts._template(kind, language)
        return {name for _text, name, _spec, _conversion in texts.Formatter().parse(subject + body) if name}

    assert [kind for kind in texts.kinds() if places(kind, "en") != places(kind, "zh")] == []


def test_a_language_without_texts_reads_english() -> None:
    assert texts.render("job_done", "fr", {"title": "Import"}).subject == "Done: Import"


def test_a_place_that_was_not_given_stays_empty() -> None:
    assert texts.render("training_enrolled", "en", {"course": "Safety"}).subject == "You are enrolled: Safety,"
