"""Where a family fetches a document: an address good once, behind the session that was given it."""

import asyncio
import logging
import re
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.pages.once import file_handed_out, once_route, refused
from gateway.papers.folder import PaperMissing, issued_pdf
from gateway.papers.sheets import sheet_of
from loaders.registration.media import ENDINGS
from resolvers.attachments import content_of
from resolvers.context import Context
from resolvers.documents import Paper
from resolvers.portal.document_links import PATH, fetched, take
from resolvers.report_card import printed_content

_log = logging.getLogger(__name__)


def document_routes() -> list[BaseRoute]:
    """The route of documents: a PDF for the session that was given the address, once; 404 for everybody else."""
    return [once_route(PATH, _document)]


async def _document(house: Any, context: Context, token: str) -> Response | None:
    found = await fetched(context, token)
    if found is None:
        return None
    try:
        content = await _content(house, context, found.paper)
    except PaperMissing as missing:
        _log.error("A document cannot be given out: %s", missing)
        return refused(503, "The school's file cannot be read now. Tell the school if it stays like this.")
    if content is None or not await take(context, found):
        return None
    return file_handed_out(content, _file_name(found.paper), found.paper.media_type)


async def _content(house: Any, context: Context, paper: Paper) -> bytes | None:
    if paper.file is not None:
        return await content_of(context, paper)
    if not paper.printed:
        return await asyncio.to_thread(issued_pdf, house.documents, paper.path)
    content = await printed_content(context, paper)
    printed: bytes | None = None if content is None else await house.press.print(sheet_of(content))
    return printed


def _file_name(paper: Paper) -> str:
    """The title in letters that every file system and header takes; never the student's name."""
    title = paper.title if paper.file is None else paper.title.rpartition(".")[0]
    words = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:60] or "document"
    if paper.file is not None:
        return f"{words}.{ENDINGS[paper.media_type]}"
    return f"{words}.pdf" if paper.version == 1 else f"{words}-version-{paper.version}.pdf"
