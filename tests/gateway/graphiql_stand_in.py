"""A stand-in gateway for the page's tests: GraphiQL, its files, and a small /graphql with a session in a cookie."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import strawberry
import uvicorn
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.types import Info

from gateway.pages.graphiql import graphiql_page, static_routes

NAME = "María <b>Núñez</b>"


@dataclass
class School:
    """What the stand-in gateway knows: its events, and who asked what."""

    letters: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    sockets: list[str | None] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    introspections: int = 0


school = School()


def signed_in(info: Info[Any, Any]) -> None:
    if info.context["request"].cookies.get("__Host-sid") != "maria":
        raise GraphQLError("Log in first.", extensions={"code": "UNAUTHENTICATED"})


@strawberry.type
class Course:
    title: str


@strawberry.type
class Grade:
    kind: str
    task: str
    percent: str
    letter: str
    course: Course


@strawberry.type
class Student:
    name: str
    grade_level: str
    grades: list[Grade]


@strawberry.type
class Parent:
    name: str
    students: list[Student]


@strawberry.interface
class Problem:
    code: str
    message: str


@strawberry.type
class BadCredentials(Problem):
    pass


@strawberry.type
class LogInSuccess:
    me: Parent


@strawberry.type
class LogOutSuccess:
    at: str


@strawberry.type
class GradeChanged:
    cursor: str
    grade: Grade


@strawberry.input
class LogInInput:
    username: str
    password: str
    client: str


LogInResult = Annotated[LogInSuccess | BadCredentials, strawberry.union("LogInResult")]
GRADE = Grade(kind="POSTED", task="Quarter Grade", percent="92.50", letter="A-", course=Course(title="Algebra"))
PARENT = Parent(name=NAME, students=[Student(name="Ana Núñez", grade_level="G07", grades=[GRADE])])


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: Info[Any, Any]) -> Parent:
        signed_in(info)
        return PARENT


@strawberry.type
class Mutation:
    @strawberry.mutation
    def log_in(self, info: Info[Any, Any], input: LogInInput) -> LogInResult:
        if (input.username, input.password, input.client) != ("maria", "pass word 1!", "WEB"):
            return BadCredentials(code="BAD_CREDENTIALS", message="<i>Wrong</i> user name or password.")
        info.context["response"].set_cookie("__Host-sid", "maria", httponly=True, secure=True, samesite="lax")
        return LogInSuccess(me=PARENT)

    @strawberry.mutation
    def log_out(self, info: Info[Any, Any]) -> LogOutSuccess:
        info.context["response"].delete_cookie("__Host-sid", httponly=True, secure=True, samesite="lax")
        return LogOutSuccess(at="now")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def grade_changed(self, info: Info[Any, Any]) -> AsyncGenerator[GradeChanged]:
        signed_in(info)
        cursor = 0
        while True:
            letter = await school.letters.get()
            cursor += 1
            grade = Grade(kind="POSTED", task="Quarter Grade", percent="92.50", letter=letter, course=GRADE.course)
            yield GradeChanged(cursor=str(cursor), grade=grade)


graphql = GraphQL[Any, Any](strawberry.Schema(Query, Mutation, Subscription), graphql_ide=None)
page_app = graphiql_page("/graphql")
static_app = Starlette(routes=static_routes())


async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {name.decode(): value.decode() for name, value in scope.get("headers", ())}
    if scope["type"] == "websocket":
        assert scope["path"] == "/graphql"
        school.sockets.append(headers.get("cookie"))
        assert headers["sec-websocket-protocol"] == "graphql-transport-ws"
        school.hung_up.clear()
        await graphql(scope, receive, send)
        school.hung_up.set()
    elif scope["path"] != "/graphql":
        await static_app(scope, receive, send)
    elif scope["method"] in ("GET", "HEAD"):
        await page_app(scope, receive, send)
    elif headers.get("graphql-require-preflight") is None or headers.get("content-type") != "application/json":
        await PlainTextResponse("not from our page", 400)(scope, receive, send)
    else:
        message = await receive()
        school.introspections += b"__schema" in message["body"]
        again = iter([message])

        async def replay() -> Any:
            return next(again, None) or await receive()

        await graphql(scope, replay, send)


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    started = asyncio.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

        @contextlib.contextmanager
        def capture_signals(self) -> Any:
            yield

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(gateway, lifespan="off", log_config=None, ws="websockets-sansio")
        server = Server(config)
        task = asyncio.create_task(server.serve([listener]))
        await asyncio.wait_for(started.wait(), 10)
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 10)
