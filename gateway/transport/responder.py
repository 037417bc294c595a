"""One request to one response, whatever server brings it: what is taken, what is run, what is said."""

from typing import NamedTuple

from graphql import OperationType

from gateway.execution.codes import FORBIDDEN
from gateway.execution.documents import Prepared
from gateway.transport.accept import JSON, RESPONSE, negotiate, sent_json
from gateway.transport.head import Head
from gateway.transport.origin import caller, cross_site, presented, set_cookie
from gateway.transport.protocol import Edge, Malformed, answer_members, encode, error_members
from gateway.transport.requests import Requests
from gateway.transport.responses import METHODS, Refused, Response, Responses
from resolvers.context import Context


class Admitted(NamedTuple):
    """A request whose head was found good: the media type of its answer, and the token that it carries."""

    media: str
    token: str | None
    by_cookie: bool


class Responder:
    """Answers requests; every refusal is JSON with a code, and none has `data`."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._limits = edge.engine.limits
        self._requests = Requests(edge.engine)
        self.responses = Responses(edge)

    def admit(self, head: Head) -> Admitted | Response:
        """The request admitted by its head; or the response that is all it gets."""
        if head.method == "OPTIONS":
            return self.responses.options(head)
        media = negotiate(head.every(b"accept"))
        try:
            return self._admit(head, media)
        except Refused as refused:
            return self.responses.refused(head, media, refused)

    async def respond(self, head: Head, admitted: Admitted, body: bytes) -> Response:
        """The response to an admitted request, whose whole body is there."""
        media = admitted.media
        try:
            prepared = self._prepare(head, body)
        except (Refused, Malformed) as refused:
            return self.responses.refused(head, media, refused)
        if prepared.errors:
            status = 200 if media == JSON else 400
            return self.responses.with_errors(head, media, status, error_members(prepared.errors, prepared))
        try:
            context = await self._context(head, admitted)
        except Exception as failure:
            return self.responses.failed(head, media, failure, prepared)
        answer = await self._edge.engine.execute(prepared, context)
        cookie = set_cookie(context.reply, self._edge)
        extra = () if cookie is None else ((b"set-cookie", cookie.encode("latin-1")),)
        return self.responses.answered(head, media, encode(answer_members(answer, prepared)), extra)

    def _admit(self, head: Head, media: str | None) -> Admitted:
        if head.method not in ("GET", "POST"):
            raise Refused(405, "The endpoint answers GET and POST.", allow=METHODS)
        if media is None:
            raise Refused(406, f"The endpoint answers {RESPONSE} and {JSON}.")
        token, by_cookie = presented(head, self._edge)
        if by_cookie and cross_site(head, self._edge):
            raise Refused(403, "Another site's page cannot use this session.", FORBIDDEN)
        if head.method == "POST":
            self._check_body(head)
        elif len(head.query) > self._limits.body_bytes:
            raise Refused(414, "The address is too long: send the request by POST.")
        return Admitted(media, token, by_cookie)

    def _check_body(self, head: Head) -> None:
        if not sent_json(head.every(b"content-type")):
            raise Refused(415, f"The body must be {JSON} in UTF-8, and say so.", accept_post=JSON)
        if any(value.strip().lower() != "identity" for value in head.every(b"content-encoding")):
            raise Refused(415, "The body must not be compressed.", accept_encoding="identity")
        announced = head.one(b"content-length")
        if announced is not None and announced.isdigit() and int(announced[:20]) > self._limits.body_bytes:
            raise self.too_large()

    def too_large(self) -> Refused:
        """The refusal of a body above the limit."""
        return Refused(413, f"The body may have {self._limits.body_bytes:,} bytes.", connection="close")

    def _prepare(self, head: Head, body: bytes) -> Prepared:
        """The operation, ready to run or with its request errors, and of a kind that may come this way."""
        getting = head.method == "GET"
        prepared = self._requests.in_address(head.query) if getting else self._requests.in_body(body)
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise Refused(400, "Subscriptions run over the WebSocket at this address.")
        if getting and prepared.kind is OperationType.MUTATION:
            raise Refused(405, "Mutations are sent by POST.", allow="POST")
        return prepared

    async def _context(self, head: Head, admitted: Admitted) -> Context:
        """What the operation runs in; at once where the viewer is remembered, or nobody shows a token."""
        who = caller(head, admitted.token, admitted.by_cookie)
        recall = self._edge.recall
        if recall is not None:
            context = recall(who)
            if context is not None:
                return context
        return await self._edge.open_context(who)
