"""Answers as they are kept: sealed for their place, and hashed for the signature under them."""

import hashlib
from collections.abc import Sequence

import orjson

from loaders.portal.registration_sections import SavedSection
from loaders.registration.form import Form
from resolvers.portal.sealing import Sealer
from resolvers.registration.validation import Answers, Entry


def sealed(sealer: Sealer, registration_id: int, section: str, guardian_id: str, entries: Sequence[Entry]) -> str:
    """The entries of a section so that only the key's holder reads them, and in no other place than theirs."""
    return sealer.seal(_place(registration_id, section, guardian_id), orjson.dumps(list(entries)).decode())


def opened(sealer: Sealer, registration_id: int, saved: SavedSection) -> list[Entry]:
    """The entries of a saved section."""
    text = sealer.open(_place(registration_id, saved.section, saved.guardian_id), saved.answers_sealed)
    entries: list[Entry] = orjson.loads(text)
    return entries


def mark_of(form: Form, answers: Answers) -> str:
    """The hash of a form's version and all that is answered: what somebody signs is what has this one."""
    whole = {"form": form.version, "answers": {section: list(entries) for section, entries in answers.items()}}
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def written_name(form: Form, answers: Answers) -> str:
    """The student's name as the family has written it: where the form sends it to users.givenName and familyName."""
    parts = {}
    for section, field in form.fields():
        if field.export in ("users.givenName", "users.familyName") and field.export not in parts:
            entry = next(iter(answers.get(section.id, ())), {})
            parts[field.export] = next(iter(entry.get(field.id, ())), "")
    return " ".join(part for name in ("users.givenName", "users.familyName") if (part := parts.get(name)))


def _place(registration_id: int, section: str, guardian_id: str) -> str:
    return f"registration:{registration_id}:{section}:{guardian_id}"
