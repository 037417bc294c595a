"""When a family may write: within the window of its school and year, and while no order of the school closes it."""

from datetime import date

from loaders.registration.form import Form
from loaders.statement import Key
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.registration.forms import window_of
from resolvers.registration.rights import said_day, shut_until


async def shut(
    context: Context, form: Form, school: Key | str, student: Key | None, *, asked_for: bool = False
) -> Problem | None:
    """Why nothing can be written now, with the day on which it can again; None where it can.

    What the office has `asked_for` can be corrected after the window has closed, unless an order closes the area.
    """
    ordered, until = await shut_until(context, student)
    if ordered:
        return _closed("The school has closed online registration", None if until is None else said_day(context, until))
    if asked_for or window_of(form, school, context.today) is not None:
        return None
    return _closed("Online registration is closed", form.opens_after(str(school), context.today))


def _closed(what: str, reopens_on: date | None) -> Problem:
    said = f"it opens on {reopens_on.isoformat()}." if reopens_on else "it is not known when it opens."
    return Problem(ProblemCode.REGISTRATION_CLOSED, f"{what}: {said}")
