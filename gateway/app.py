"""The composition root: every part of the gateway is made here, handed to those who need it, and closed again."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.authentication import Authenticator, HashProfile, PasswordHasher
from gateway.clock import clock
from gateway.endings import Endings
from gateway.execution.compiled import CompiledEngine
from gateway.letters import LetterWriter
from gateway.limits import Limits
from gateway.mail import MailLane, mail_of
from gateway.outbox import Outbox
from gateway.pages.calendar import calendar_routes
from gateway.pages.documents import document_routes
from gateway.pages.graphiql import graphiql_page, static_routes
from gateway.pages.letters import letter_routes
from gateway.pages.message_files import message_file_routes
from gateway.pages.notifications import notification_routes
from gateway.pages.preferences import preference_routes
from gateway.pages.receipts import receipt_routes
from gateway.pages.uploads import upload_routes
from gateway.papers import Press
from gateway.push.lane import PUSH_ROUNDS, PushLane
from gateway.push.services import push_services
from gateway.rulings import Rulings
from gateway.sealing import open_sealer
from gateway.sending import MessageSender
from gateway.settings import Settings
from gateway.told import ToldParts
from gateway.transport.answers import Answers
from gateway.transport.http import HttpEndpoint
from gateway.transport.protocol import Edge, Remembered
from gateway.transport.responder import Responder
from gateway.transport.websocket import WebSocketEndpoint
from gateway.upkeep import Upkeep
from gateway.uploads import Examiner, Intake, UploadFolder
from loaders.adapter import load_adapter
from loaders.check import describe
from loaders.database import Readers, Writer
from loaders.dialect import Dialect
from loaders.errors import AdapterInvalid, LoaderError
from loaders.feed import has_triggers
from loaders.marks import follow_marks
from loaders.portal.store import check_migrated
from loaders.registration.reading import read_forms
from loaders.relations import Relations
from loaders.source import Source
from loaders.triggers import CHANNEL
from loaders.wakes import Wakes, line_to
from loaders.wakes.notify import NotifyLine
from resolvers.context import Caller, Context, Viewer
from resolvers.live import Live
from resolvers.mailroom import put_mailroom, renew_inboxes
from resolvers.notifications.mail_rights import may_be_mailed
from resolvers.notifications.notifier import Notifier
from resolvers.paging import cursor
from resolvers.portal import Letterhead, Portal
from resolvers.portal.coming_of_age import post_notices
from resolvers.portal.passwords import PROFILES
from resolvers.registration.forms import put_forms
from schema.api import schema
from schema.reading import Hurry, read

_log = logging.getLogger(__name__)

PATH = "/graphql"


@dataclass(frozen=True)
class House:
    """A running gateway: its source, its portal, what is live, and the doors to them."""

    source: Source
    readers: Readers
    writer: Writer
    portal: Portal
    live: Live
    authenticator: Authenticator
    press: Press
    documents: Path | None
    uploads: UploadFolder | None
    intake: Intake
    examiner: Examiner | None
    edge: Edge
    http: HttpEndpoint
    websocket: WebSocketEndpoint


class Gateway:
    """The gateway as an ASGI application: what is for the GraphQL endpoint goes there straight, all else to the pages.

    A router and its middleware in front of the endpoint would cost as much as all else that the edge does.
    """

    def __init__(self, pages: Starlette) -> None:
        self.pages = pages
        self.house: House | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hand the connection to whom it is for."""
        if self.house is not None and scope.get("path") == PATH:
            if scope["type"] == "http":
                return self.house.http(scope, receive, send)
            if scope["type"] == "websocket":
                return self.house.websocket(scope, receive, send)
        return self.pages(scope, receive, send)

    def endpoint(self) -> Responder | None:
        """What answers requests to the endpoint; None until the gateway has started."""
        return None if self.house is None else self.house.http.responder


def create_app(settings: Settings, *, hashing: HashProfile | None = None, address: str = "") -> Gateway:
    """The gateway as an ASGI application; its parts are opened at its start and closed at its end.

    Starting raises SourceDown, SourceWritable, AdapterInvalid, RelationIncomplete, FormInvalid or StoreOutdated where
    the source, a form or the portal store is not as it must be. `hashing` is for tests, which hash at the cheapest
    profile. `address` is where families reach the gateway if the settings name no public URL.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_house(settings, hashing or HashProfile(), address) as house:
            gateway.house = app.state.house = house
            # What the start has made stays for good: the collector need not walk it again (p99 93 to 16 ms).
            gc.collect()
            gc.freeze()
            yield
            gc.unfreeze()
            await house.websocket.drain()

    routes = [
        *static_routes(),
        *letter_routes(),
        *document_routes(),
        *message_file_routes(),
        *upload_routes(),
        *receipt_routes(),
        *preference_routes(),
        *calendar_routes(),
        *notification_routes(PATH),
        Route("/livez", _alive),
        Route("/readyz", _ready),
    ]
    pages = Starlette(routes=routes, middleware=_listed_sites(settings), lifespan=lifespan)
    pages.router.redirect_slashes = False
    gateway = Gateway(pages)
    return gateway


def _listed_sites(settings: Settings) -> list[Middleware]:
    """Lets the pages of listed sites hand files in and fetch them, as they may ask the endpoint."""
    if not settings.allowed_origins:
        return []
    listed = Middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_credentials=True,
        allow_methods=("GET", "POST", "PUT"),
        allow_headers=("authorization", "content-type"),
        expose_headers=("content-disposition", "retry-after"),
    )
    return [listed]


@asynccontextmanager
async def open_house(settings: Settings, hashing: HashProfile, address: str = "") -> AsyncIterator[House]:
    """Open the databases, prove the adapter, and put the parts together."""
    async with AsyncExitStack() as stack:
        readers = await Readers.open(
            settings.sis_url,
            size=settings.readers,
            statement_timeout=settings.statement_timeout,
            allow_writable=settings.sis_allow_writable,
        )
        stack.push_async_callback(readers.close)
        source = await open_source(settings, readers)
        marks = asyncio.create_task(follow_marks(source, settings.watch_interval), name="marks of the source")
        stack.callback(marks.cancel)
        await check_migrated(settings.portal_url)
        writer = await Writer.open(settings.portal_url)
        stack.push_async_callback(writer.close)
        pepper = settings.pepper.get_secret_value().encode() if settings.pepper else None
        hasher = PasswordHasher(hashing, pepper)
        stack.callback(hasher.close)
        sealer = open_sealer(settings)
        push = push_services(settings, _utc_now)
        stack.push_async_callback(push.close)
        portal = Portal(
            writer,
            hasher,
            _utc_now,
            policy=PROFILES[settings.password_policy],
            image_step=settings.image_step,
            setup_deferrals=settings.setup_deferrals,
            sealer=sealer,
            takes_uploads=settings.uploads is not None,
            letterhead=Letterhead(settings.district_name, settings.public_url or address, settings.support_email or ""),
            push=push.offer,
        )
        mail = mail_of(settings)
        if mail is None:
            _log.warning("Mail waits in the outbox: HOMEROOM_SMTP_URL is not set.")
        else:
            mails = Outbox(portal, MailLane(portal, mail, partial(may_be_mailed, portal, source)))
            await mails.start()
            stack.push_async_callback(mails.stop)
        uploads, examiner = None, None
        if settings.uploads is not None:
            uploads = UploadFolder(settings.uploads, sealer)
            examiner = Examiner(portal, uploads, settings.upload_scan)
            if not examiner.scans:
                _log.warning("Documents that families hand in are not scanned: HOMEROOM_UPLOAD_SCAN is not set.")
            await examiner.start()
            stack.push_async_callback(examiner.stop)
        if push.by_platform:
            nobody = partial(Context, source, None, Caller(), portal, None)
            pushes = Outbox(portal, PushLane(portal, push.by_platform, nobody), PUSH_ROUNDS)
            await pushes.start()
            stack.push_async_callback(pushes.stop)
        put_mailroom(source, writer, portal.sealer)
        await renew_inboxes(source)
        letters = LetterWriter(portal, source)
        await letters.start()
        stack.push_async_callback(letters.stop)
        stack.push_async_callback(portal.errands.done)
        authenticator = Authenticator(portal, source.adapter)
        stack.push_async_callback(authenticator.close)
        press = Press()
        stack.callback(press.close)
        endings = Endings(portal)
        await endings.start()
        stack.push_async_callback(endings.stop)
        upkeep = Upkeep(portal, notices=partial(post_notices, portal, source))
        await upkeep.start()
        stack.push_async_callback(upkeep.stop)
        live = Live(source, writer, portal.sealer, settings.watch_interval)
        if settings.wake is not None:
            line = line_to(settings.wake, settings.portal_url, f"homeroom:{await live.epoch()}")
            live.calls = wakes = Wakes(line, live.hear)
            await wakes.start()
            stack.push_async_callback(wakes.stop)
        if readers.dialect is Dialect.POSTGRESQL and source.adapter.triggers and await has_triggers(readers):
            calls = Wakes(lambda: NotifyLine(settings.sis_url, CHANNEL), live.source_wrote)
            await calls.start()
            stack.push_async_callback(calls.stop)
        rulings = Rulings(portal, source, live)
        await rulings.start()
        stack.push_async_callback(rulings.stop)
        await live.start()
        stack.push_async_callback(live.stop)
        window = timedelta(seconds=settings.settle_window)
        notifier = Notifier(portal, source, window, interval=settings.watch_interval)
        await notifier.start()
        stack.push_async_callback(notifier.stop)
        sender = MessageSender(portal, source, live)
        await sender.start()
        stack.push_async_callback(sender.stop)

        def context(viewer: Viewer | None, caller: Caller) -> Context:
            return Context(
                source=source,
                viewer=viewer,
                caller=caller,
                portal=portal,
                live=live,
                district_name=settings.district_name,
                support_email=settings.support_email,
                policy=portal.policy,
            )

        async def open_context(caller: Caller) -> Context:
            viewer = None
            if caller.session_id is not None:
                viewer = await authenticator.viewer_of_session(caller.session_id, by_cookie=caller.by_cookie)
            elif caller.token is not None:
                viewer = await authenticator.viewer(caller.token, by_cookie=caller.by_cookie)
            return context(viewer, caller)

        edge = Edge(
            engine=CompiledEngine(
                schema,
                Limits(deadline=settings.operation_timeout),
                fetch=read,
                cursor=cursor,
                hurry=Hurry(),
                told=ToldParts(settings.told_memory) if settings.told_memory else None,
            ),
            open_context=open_context,
            allowed_origins=frozenset(settings.allowed_origins),
            secure_cookies=settings.secure_cookies,
            remembered=Remembered(authenticator.recall, context),
            answers=Answers(source, settings.answer_memory) if settings.answer_memory else None,
        )
        sockets = WebSocketEndpoint(edge, revocations=portal.revocations)
        yield House(
            source=source,
            readers=readers,
            writer=writer,
            portal=portal,
            live=live,
            authenticator=authenticator,
            press=press,
            documents=settings.documents,
            uploads=uploads,
            intake=Intake(),
            examiner=examiner,
            edge=edge,
            http=HttpEndpoint(edge, page=graphiql_page(PATH), sockets=sockets),
            websocket=sockets,
        )


async def open_source(settings: Settings, readers: Readers) -> Source:
    """The source that the settings name, its adapter proven against the live database."""
    adapter = load_adapter(settings.sis_adapter, settings.sis_time_zone)
    if readers.dialect not in adapter.dialects:
        raise AdapterInvalid(
            f"Adapter {adapter.name} runs on {' and '.join(adapter.dialects)}, and the SIS's database is "
            f"{readers.dialect}: set HOMEROOM_SIS_ADAPTER or HOMEROOM_SIS_URL."
        )
    columns = await describe(adapter, readers)
    source = Source(
        Relations(adapter, readers.dialect, columns),
        readers,
        clock(settings.today, adapter.time_zone),
        shared_rows=settings.shared_rows,
    )
    if settings.registration is not None:
        put_forms(source, read_forms(settings.registration))
    return source


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _alive(request: Request) -> Response:
    """Whether the process answers at all."""
    return PlainTextResponse("alive\n")


async def _ready(request: Request) -> Response:
    """Whether source and portal store answer; without details, for this door is open to everybody."""
    house: Any = request.app.state.house
    try:
        await house.readers.ping()
        await house.writer.ping()
    except LoaderError:
        return PlainTextResponse("not ready\n", status_code=503)
    return PlainTextResponse("ready\n")
