"""The words of mails: every mail in every language, naming the same things, with a subject that is one line."""

from string import Template

import pytest

from resolvers.portal.wording import FOLDER, LANGUAGES, language_of, worded

NAMES = sorted(path.stem for path in (FOLDER / "en").glob("*.txt"))


def named(name: str, language: str) -> set[str]:
    return set(Template((FOLDER / language / f"{name}.txt").read_text("utf-8")).get_identifiers())


def test_every_mail_is_there_in_every_language() -> None:
    assert NAMES
    assert {path.name for path in FOLDER.iterdir()} == set(LANGUAGES)
    assert all(sorted(p.stem for p in (FOLDER / language).glob("*.txt")) == NAMES for language in LANGUAGES)


@pytest.mark.parametrize("name", NAMES)
def test_every_language_names_the_same_and_fills_subject_and_text(name: str) -> None:
    values = dict.fromkeys(named(name, "en"), "Ana")
    for language in LANGUAGES:
        assert named(name, language) == set(values), language
        words = worded(name, language, values)
        assert words.subject
        assert len(words.text.splitlines()) > 2
        assert "$" not in words.subject + words.text


def test_a_value_brings_in_no_line_of_its_own() -> None:
    values = {"name": "Ana\r\nBcc: all@example.org", "username": "x" * 9000, "when": "", "district": "", "support": ""}
    text = worded("password_changed", "en", values).text
    assert text.startswith("Hello Ana Bcc: all@example.org,\n")
    assert len(text) < 3000


def test_what_a_mail_names_must_be_given() -> None:
    with pytest.raises(KeyError):
        worded("password_changed", "en", {})


@pytest.mark.parametrize(
    ("preferred", "language"),
    [("es", "es"), ("es-MX", "es"), ("ES_mx", "es"), ("en-GB", "en"), ("fr", "en"), ("", "en"), (None, "en")],
)
def test_people_are_written_to_in_their_language_or_in_english(preferred: str | None, language: str) -> None:
    assert language_of(preferred) == language
