"""Where calendars of phones and desks read a student's schedule: a secret address, iCalendar (RFC 5545) behind it."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import icalendar
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.transport.head import read_head
from gateway.transport.origin import caller
from loaders.errors import LoaderError
from resolvers.errors import RateLimited
from resolvers.portal.calendar_feed import PATH
from resolvers.portal.calendar_reading import Event, StudentCalendar, read_calendar

_HEADERS = {
    "cache-control": "private, no-cache",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


def calendar_routes() -> list[BaseRoute]:
    """The route of calendar feeds: 404 for every secret that opens nothing today, whatever the reason."""
    return [Route(f"{PATH}/{{secret}}.ics", _calendar, methods=["GET"])]


async def _calendar(request: Request) -> Response:
    house: Any = request.app.state.house
    context = house.edge.remembered.context(None, caller(read_head(request.scope), None, False))
    try:
        found = await read_calendar(context, request.path_params["secret"])
    except RateLimited as refusal:
        return _refused(
            429, "This was read too often. Wait, then try again.", {"retry-after": str(refusal.retry_after)}
        )
    except LoaderError:
        return _refused(503, "The calendar cannot be read now. Try again soon.", {"retry-after": "300"})
    if found is None:
        return _refused(404, "There is no calendar here.", {})
    body = await asyncio.to_thread(written, found)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**_HEADERS, "etag": etag}
    if etag in (each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    headers["content-disposition"] = 'inline; filename="schedule.ics"'
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")


def written(calendar: StudentCalendar) -> bytes:
    """The calendar as iCalendar: instants in UTC, so that no daylight saving of any client can move them."""
    made = icalendar.Calendar()
    made.add("prodid", "-//Homeroom//Schedule//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    for name in ("name", "x-wr-calname"):
        made.add(name, calendar.name)
    if calendar.description is not None:
        for name in ("description", "x-wr-caldesc"):
            made.add(name, calendar.description)
    made.add("refresh-interval", timedelta(hours=6), parameters={"value": "DURATION"})
    made.add("x-published-ttl", "PT6H")
    for event in calendar.events:
        made.add_component(_component(calendar, event))
    body: bytes = made.to_ical()
    return body


def _component(calendar: StudentCalendar, event: Event) -> icalendar.Event:
    made = icalendar.Event()
    made.add("uid", event.uid)
    made.add("dtstamp", calendar.made_at)
    made.add("dtstart", event.starts)
    if event.ends is not None:
        made.add("dtend", event.ends)
    made.add("summary", event.summary)
    if event.location is not None:
        made.add("location", event.location)
    if event.description is not None:
        made.add("description", event.description)
    if not event.busy:
        made.add("transp", "TRANSPARENT")
    return made


def _refused(status: int, message: str, headers: dict[str, str]) -> Response:
    return PlainTextResponse(f"{message}\n", status_code=status, headers={**_HEADERS, **headers})
