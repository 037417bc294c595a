"""The page of notifications, served from here: it subscribes a browser to push, and its service worker shows them."""

import json
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from resolvers.portal.push import PAGE_PATH

WORKER_PATH = f"{PAGE_PATH}/worker.js"
MANIFEST_PATH = f"{PAGE_PATH}/manifest.json"
STATIC_PATH = "/static/notifications"
WORKER = "notifications-worker.js"
_FILES = {"notifications.js": "text/javascript; charset=utf-8", "notifications.css": "text/css; charset=utf-8"}

# Everything comes from this origin: no inline script or style, no eval, nothing in a frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
# Where it is kept on a home screen it is an app by itself: an iPhone has push for no other page.
_MANIFEST = {
    "name": "Notifications",
    "id": PAGE_PATH,
    "start_url": PAGE_PATH,
    "scope": PAGE_PATH,
    "display": "standalone",
    "background_color": "#f3f5f9",
    "theme_color": "#1f5fbf",
}
_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


def notification_routes(endpoint: str) -> list[BaseRoute]:
    """The page, its files under a version in their path, and its service worker, asked for anew each time."""
    version = _version()
    page = Template(text_of("notifications.html")).substitute(
        endpoint=escape(endpoint), worker=WORKER_PATH, manifest=MANIFEST_PATH, static=f"{STATIC_PATH}/{version}"
    )
    worker = text_of(WORKER)

    async def serve_page(request: Request) -> Response:
        headers = {
            **_HEADERS,
            "content-security-policy": POLICY,
            "x-frame-options": "DENY",
            "cross-origin-opener-policy": "same-origin",
            "cache-control": "no-cache",
        }
        return Response(page, headers=headers, media_type="text/html")

    async def serve_worker(request: Request) -> Response:
        headers = {
            **_HEADERS,
            "content-security-policy": _WORKER_POLICY,
            "cross-origin-resource-policy": "same-origin",
            # It stands below the page, and is there for the page as well.
            "service-worker-allowed": PAGE_PATH,
            "cache-control": "no-cache",
        }
        return Response(worker, headers=headers, media_type="text/javascript")

    async def serve_manifest(request: Request) -> Response:
        headers = {**_HEADERS, "cache-control": "no-cache"}
        return Response(json.dumps(_MANIFEST), headers=headers, media_type="application/manifest+json")

    async def serve_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES or request.path_params["version"] != version:
            raise HTTPException(404)
        headers = {
            **_HEADERS,
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "public, max-age=31536000, immutable",
            "content-type": _FILES[name],
        }
        return Response(text_of(name), headers=headers)

    return [
        Route(PAGE_PATH, serve_page, methods=["GET"]),
        Route(WORKER_PATH, serve_worker, methods=["GET"]),
        Route(MANIFEST_PATH, serve_manifest, methods=["GET"]),
        Route(STATIC_PATH + "/{version}/{name}", serve_file, methods=["GET"]),
    ]


@cache
def text_of(name: str) -> str:
    """One of the page's files as it is served; the page itself still names what is put in."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _version() -> str:
    return sha256("".join(map(text_of, _FILES)).encode()).hexdigest()[:16]
