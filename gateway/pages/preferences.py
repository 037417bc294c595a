"""The preference images, served from here: SVG under a version in their path, cacheable for ever."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from resolvers.portal.catalogue import PATH, drawings


def preference_routes() -> list[BaseRoute]:
    """The route of the drawings: known names under the current version; 404 for the rest."""
    drawn = drawings()

    async def serve(request: Request) -> Response:
        found = drawn.by_id.get(request.path_params["id"])
        if found is None or request.path_params["version"] != drawn.version:
            raise HTTPException(404)
        headers = {
            "content-type": "image/svg+xml",
            "cache-control": "public, max-age=31536000, immutable",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            # A drawing that is opened by itself runs nothing and loads nothing.
            "content-security-policy": "default-src 'none'; style-src 'none'; frame-ancestors 'none'",
            "content-length": str(len(found)),
        }
        return Response(b"" if request.method == "HEAD" else found, headers=headers)

    return [Route(PATH + "/{version}/{id}.svg", serve, methods=["GET"])]
