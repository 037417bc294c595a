"""The version of a form: the same for the same questions, another as soon as one of them changes."""

import hashlib
from dataclasses import asdict

import orjson

from loaders.registration.form import Form


def version_of(form: Form) -> str:
    """Sixteen hexadecimal digits of the hash of all that is asked; windows may move without making another form."""
    asked = {"year": form.school_year, "statement": form.statement, "sections": [asdict(s) for s in form.sections]}
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
