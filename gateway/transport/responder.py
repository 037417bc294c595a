"""One request to one response, whatever server brings it: what is taken, what is run, what is said."""

from collections.abc import Hashable
from typing import NamedTuple

from graphql import OperationType

from gateway.execution.codes import FORBIDDEN
from gateway.execution.documents import Prepared
from gateway.execution.operations import Answer, Later
from gateway.transport.accept import EVENTS, JSON, RESPONSE, negotiate, sent_json, wants_stream
from gateway.transport.answers import Body
from gateway.transport.head import Head
from gateway.transport.line import Line
from gateway.transport.origin import caller, cross_site, device, presented, set_cookie, set_device
from gateway.transport.protocol import Edge, Malformed, answer_members, encode_answer, error_members
from gateway.transport.requests import Requests
from gateway.transport.responses import METHODS, Refused, Response, Responses
from resolvers.context import Caller, Context, Viewer


class Admitted(NamedTuple):
    """A request whose head was found good: the media type of its answer, and the token that it carries."""

    media: str
    token: str | None
    by_cookie: bool


class Begun(NamedTuple):
    """An operation that is to be run: its context where that needed no wait, and the mark from before.

    A `later` one may be answered at once in the loop's next turn: this one had no time for it.
    """

    head: Head
    admitted: Admitted
    prepared: Prepared
    context: Context | None
    mark: Hashable | None
    later: bool = False


class Responder:
    """Answers requests; every refusal is JSON with a code, and none has `data`.

    Where there are `streams`, who asks for events gets what there is to say before them in JSON.
    """

    def __init__(self, edge: Edge, *, streams: bool = False) -> None:
        self._streams = streams
        self._edge = edge
        self._limits = edge.engine.limits
        self._requests = Requests(edge.engine)
        self.responses = Responses(edge)
        self.line = Line()

    def admit(self, head: Head) -> Admitted | Response:
        """The request admitted by its head; or the response that is all it gets."""
        known: Admitted | None = head.notes.get("admitted")
        if known is not None:
            return known
        if head.method == "OPTIONS":
            return self.responses.options(head)
        media = JSON if self.streamed(head) else negotiate(head.every(b"accept"))
        try:
            head.notes["admitted"] = admitted = self._admit(head, media)
            return admitted
        except Refused as refused:
            return self.responses.refused(head, media, refused)
        except Exception as failure:
            return self.responses.failed(head, media, failure)

    def at_once(self, head: Head, body: bytes, *, shared: bool = False) -> Response | Begun:
        """The response to a request that is there as a whole, if it needs no wait; else what is to be finished.

        A `shared` one had begun to arrive before the loop's present turn, like others of it.
        """
        admitted = self.admit(head)
        if isinstance(admitted, Response):
            return admitted
        if len(body) > self._limits.body_bytes:
            return self.responses.refused(head, admitted.media, self.too_large())
        return self.begin(head, admitted, body, shared=shared)

    def begin(self, head: Head, admitted: Admitted, body: bytes, *, shared: bool = False) -> Response | Begun:
        """The response of an admitted request where that needs no wait, because it is a refusal or was given before."""
        try:
            return self._begin(head, admitted, self._prepare(head, body), shared)
        except (Refused, Malformed) as refused:
            return self.responses.refused(head, admitted.media, refused)
        except Exception as failure:
            return self.responses.failed(head, admitted.media, failure)

    def again(self, begun: Begun) -> Response | Begun:
        """The response of what was to be tried later, if there is time for it now; else what is to be finished."""
        try:
            return self._tried(begun)
        except Exception as failure:
            return self.responses.failed(begun.head, begun.admitted.media, failure, begun.prepared)

    async def finish(self, begun: Begun) -> Response:
        """The response of what was begun, once it has run."""
        try:
            return await self._finish(begun)
        except Exception as failure:
            return self.responses.failed(begun.head, begun.admitted.media, failure, begun.prepared)

    def _begin(self, head: Head, admitted: Admitted, prepared: Prepared, shared: bool) -> Response | Begun:
        if prepared.errors:
            status = 200 if admitted.media == JSON and not self.streamed(head) else 400
            return self.responses.with_errors(head, admitted.media, status, error_members(prepared.errors, prepared))
        remembered = self._edge.remembered
        viewer: Viewer | None = None
        if remembered is None:
            return Begun(head, admitted, prepared, None, None)
        if admitted.token is not None:
            viewer = remembered.viewer(admitted.token, admitted.by_cookie)
            if viewer is None:
                return Begun(head, admitted, prepared, None, None)
        mark, given = self._given(head, admitted, prepared, viewer, shared)
        if given is not None:
            return given
        context = remembered.context(viewer, self._caller(head, admitted, prepared))
        begun = Begun(head, admitted, prepared, context, mark)
        if prepared.kind is not OperationType.QUERY:
            return begun
        return self._tried(begun)

    def _tried(self, begun: Begun) -> Response | Begun:
        context = begun.context
        assert context is not None
        answer = self._edge.engine.at_once(begun.prepared, context)
        if isinstance(answer, Answer):
            return self._answered(begun, context, begun.mark, answer)
        return begun._replace(later=answer is Later.NEXT_TURN)

    async def _finish(self, begun: Begun) -> Response:
        head, admitted, prepared, context, mark, _ = begun
        if context is None:
            context = await self._edge.open_context(self._caller(head, admitted, prepared))
            mark, given = self._given(head, admitted, prepared, context.viewer, False)
            if given is not None:
                return given
        answer = await self._edge.engine.execute(prepared, context)
        return self._answered(begun, context, mark, answer)

    def _answered(self, begun: Begun, context: Context, mark: Hashable | None, answer: Answer) -> Response:
        """The response of an operation that ran; its answer is kept, if it may be given again."""
        head, admitted, prepared = begun.head, begun.admitted, begun.prepared
        members = answer_members(answer, prepared)
        raw, sound = encode_answer(members)
        if prepared.kind is OperationType.MUTATION:
            cookies = (set_cookie(context.reply, self._edge), set_device(context.reply, self._edge))
            extra = [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies if cookie is not None]
            return self.responses.ordered(head, admitted.media, raw, extra, members.get("errors", ()))
        if answer.errors or not sound or (mark is None and head.method == "POST"):
            return self.responses.answered(head, admitted.media, raw)
        body = Body(raw)
        if mark is not None and self._edge.answers is not None:
            self._edge.answers.keep(mark, context, prepared, answer, body)
        return self._sent(head, admitted.media, body)

    def _caller(self, head: Head, admitted: Admitted, prepared: Prepared) -> Caller:
        """Where the request comes from; the device is asked for only where an order may begin a session."""
        if prepared.kind is OperationType.MUTATION:
            return caller(head, admitted.token, admitted.by_cookie, device=device(head, self._edge))
        known: Caller | None = head.notes.get("caller")
        if known is None:
            head.notes["caller"] = known = caller(head, admitted.token, admitted.by_cookie)
        return known

    def _given(
        self, head: Head, admitted: Admitted, prepared: Prepared, viewer: Viewer | None, shared: bool
    ) -> tuple[Hashable | None, Response | None]:
        """The mark under which an answer may be kept, and the answer that was kept under it for this viewer."""
        answers = self._edge.answers
        if answers is None or prepared.kind is not OperationType.QUERY:
            return None, None
        mark = answers.mark(shared=shared)
        if mark is None:
            return None, None
        body = answers.find(mark, viewer, prepared)
        return mark, None if body is None else self._sent(head, admitted.media, body)

    def _sent(self, head: Head, media: str, body: Body) -> Response:
        if head.method == "GET":
            return self.responses.tagged(head, media, body)
        return self.responses.answered(head, media, body.bytes)

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
        encodings = head.every(b"content-encoding")
        if encodings and any(value.strip().lower() != "identity" for value in encodings):
            raise Refused(415, "The body must not be compressed.", accept_encoding="identity")
        announced = head.one(b"content-length")
        if announced is not None and announced.isdecimal() and int(announced[:20]) > self._limits.body_bytes:
            raise self.too_large()

    def streamed(self, head: Head) -> bool:
        """Whether the answer is to come as events."""
        return self._streams and wants_stream(head.every(b"accept"))

    def too_large(self) -> Refused:
        """The refusal of a body above the limit."""
        return Refused(413, f"The body may have {self._limits.body_bytes:,} bytes.", connection="close")

    def _prepare(self, head: Head, body: bytes) -> Prepared:
        """The operation, ready to run or with its request errors, and of a kind that may come this way."""
        getting = head.method == "GET"
        prepared = self._requests.in_address(head.query) if getting else self._requests.in_body(body)
        if prepared.kind is OperationType.SUBSCRIPTION and not self.streamed(head):
            events = f", or with Accept: {EVENTS}" if self._streams else ""
            raise Refused(400, f"Subscriptions run over the WebSocket at this address{events}.")
        if getting and prepared.kind is OperationType.MUTATION:
            raise Refused(405, "Mutations are sent by POST.", allow="POST")
        return prepared
