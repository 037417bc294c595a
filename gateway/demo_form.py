"""The demo's registration form: the one that districts start from, for the year after the demo's own."""

from datetime import date, timedelta
from pathlib import Path

from loaders.demo.calendar import school_year
from loaders.registration.reading import DEFAULT_FORM

_SINCE, _UNTIL = timedelta(days=30), timedelta(days=240)


def write_form(folder: Path, today: date, *, keep: bool) -> Path:
    """Writes the form, open today, where it is not there; with `keep` one that is there stays as it is."""
    path = folder / "form.toml"
    if keep and path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(form_text(today), "utf-8")
    return path


def form_text(today: date) -> str:
    """The form of the school year after the one that holds on that day, taken from a month before it on."""
    year = school_year(today).ends_in + 1
    text = DEFAULT_FORM.read_text("utf-8")
    for written, instead in {
        "2027-2028": f"{year - 1}-{year}",
        "school_year = 2028": f"school_year = {year}",
        "opens_on = 2026-11-01": f"opens_on = {today - _SINCE}",
        "closes_on = 2027-08-31": f"closes_on = {today + _UNTIL}",
    }.items():
        if written not in text:
            raise ValueError(f"The default form says {written} no more.")
        text = text.replace(written, instead)
    return text
