"""The district's forms beside its source, by school year, and when their windows close the area of registration."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from loaders.portal.access_rules import Switch, SwitchReason
from loaders.registration.form import Form, Window
from loaders.source import Source
from loaders.statement import Key
from resolvers.of_age import midnight

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_DAY = timedelta(days=1)


class Forms:
    """The forms of a district, by the school year that each is for."""

    __slots__ = ("by_year",)

    def __init__(self, by_year: Mapping[int, Form]) -> None:
        self.by_year = by_year

    def __bool__(self) -> bool:
        return bool(self.by_year)

    def closures(self, school: Key | None, zone: tzinfo) -> list[Switch]:
        """When the school takes registrations for no year at all: the gaps between its windows of every form."""
        name = "" if school is None else str(school)
        windows = sorted(
            (window for form in self.by_year.values() for window in form.windows_of(name)), key=lambda w: w.opens_on
        )
        closed: list[Switch] = []
        since: datetime = _BEGINNING
        for window in windows:
            opens_at, closes_at = midnight(window.opens_on, zone), midnight(window.closes_on + _DAY, zone)
            if opens_at > since:
                closed.append(_closure(since, opens_at))
            since = max(since, closes_at)
        return [*closed, _closure(since, None)]


NO_FORMS = Forms({})


def forms_of(source: Source) -> Forms:
    """The forms that the district takes registrations by; none where it takes none here."""
    found: Forms = source.notes.get(Forms, NO_FORMS)
    return found


def put_forms(source: Source, by_year: Mapping[int, Form]) -> None:
    """Lets the district take registrations by these forms."""
    source.notes[Forms] = Forms(by_year)


def window_of(form: Form, school: Key, day: date) -> Window | None:
    """The window of the school that is open on that day for the form's year."""
    return form.window_on(str(school), day)


def _closure(since: datetime, until: datetime | None) -> Switch:
    return Switch(0, None, "REGISTRATION", SwitchReason.SCHOOL_SETTING, since, until, _BEGINNING)
