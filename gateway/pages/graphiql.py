"""GraphiQL, served from here: one page, the files it needs, and a Content-Security-Policy that lets nothing else in."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from secrets import token_urlsafe
from string import Template
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

STATIC_PATH = "/static/graphiql"

PACKAGE = "graphene-django-graphiql-static"
PACKAGE_FOLDER = "graphene_django_graphiql_static/static/graphene_django_graphiql_static"
FROM_PACKAGE = (
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "graphiql.min.css",
    "graphql-ws.min.js",
)
OUR_OWN = ("homeroom.js", "homeroom.css")
MEDIA_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}

# Scripts come from this origin and nowhere else: no inline script, no eval. CodeMirror and React set styles through
# the CSS object model, which needs no permission; a menu or dialog of GraphiQL writes one style element (the scroll
# lock), which gets the nonce of this response, so 'unsafe-inline' stays out. The sheet's fonts are data: URLs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class GraphiQLMissing(RuntimeError):
    """The package that carries GraphiQL is not installed whole; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it leaves: plain, and compressed once for all who accept gzip."""

    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files of the page by name, and the version that stands in their path: it changes when any of them does."""

    version: str
    by_name: Mapping[str, StaticFile]


def graphiql_page(endpoint: str) -> ASGIApp:
    """The page for GET and HEAD of the endpoint; `endpoint` is its path, for queries and for the websocket."""
    text = files(__package__).joinpath("graphiql.html").read_text(encoding="utf-8")
    base = f"{STATIC_PATH}/{static_files().version}"
    page = Template(text)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonce = token_urlsafe(16)
        body = page.substitute(endpoint=escape(endpoint), static=base, nonce=nonce).encode()
        headers = {
            "content-security-policy": POLICY.format(nonce=nonce),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "x-frame-options": "DENY",
            "cross-origin-opener-policy": "same-origin",
            "cache-control": "no-store",
            "vary": "accept",
            "content-length": str(len(body)),
        }
        answer = Response(b"" if scope["method"] == "HEAD" else body, headers=headers, media_type="text/html")
        await answer(scope, receive, send)

    return serve


def static_routes() -> list[BaseRoute]:
    """The route of the page's files: known names under the current version, cacheable for ever; 404 for the rest."""
    static = static_files()

    async def serve(request: Request) -> Response:
        found = static.by_name.get(request.path_params["name"])
        if found is None or request.path_params["version"] != static.version:
            raise HTTPException(404)
        headers = {
            "content-type": found.media_type,
            "cache-control": "public, max-age=31536000, immutable",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            "vary": "accept-encoding",
        }
        body = found.content
        if accepts_gzip(request.headers):
            body = found.compressed
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        return Response(b"" if request.method == "HEAD" else body, headers=headers)

    return [Route(STATIC_PATH + "/{version}/{name}", serve, methods=["GET"])]


@cache
def static_files() -> StaticFiles:
    """The page's files, read and compressed once; raises GraphiQLMissing where the package is not there whole."""
    contents = {name: from_package(name) for name in FROM_PACKAGE}
    contents |= {name: files(__package__).joinpath(name).read_bytes() for name in OUR_OWN}
    digest = sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}:{len(content)}:".encode() + content)
    by_name = {
        name: StaticFile(content, gzip.compress(content, mtime=0), MEDIA_TYPES[name.rpartition(".")[2]])
        for name, content in contents.items()
    }
    return StaticFiles(digest.hexdigest()[:16], MappingProxyType(by_name))


def from_package(name: str) -> bytes:
    """A file where pip put it; the package is never imported, for it expects Django."""
    try:
        return distribution(PACKAGE).locate_file(f"{PACKAGE_FOLDER}/{name}").read_bytes()  # type: ignore[attr-defined,no-any-return]
    except (PackageNotFoundError, OSError) as problem:
        raise GraphiQLMissing(f"{name} of GraphiQL is not there: install {PACKAGE} again") from problem


def accepts_gzip(headers: Headers) -> bool:
    """Whether the client takes gzip; a coding with quality zero is refused by it."""
    for part in headers.get("accept-encoding", "").split(","):
        coding, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if coding == "gzip":
            return not any(piece.startswith("q=0") and not piece.strip("q=0.") for piece in parameters)
    return False
