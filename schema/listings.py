"""Connections over what the portal store holds."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from resolvers.portal.listing import Listing
from schema.connections import Connection, Edge, PageInfo

T = TypeVar("T")


def connection(page: Listing[Any], make: Callable[[Any], T], count: Callable[[], Awaitable[int]]) -> Connection[T]:
    """The page as a connection, each thing on it made into its node; counted only when asked."""
    nodes = [make(found) for found in page.found]
    return Connection(
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.end or (page.cursors[-1] if page.cursors else None),
        ),
        count=count,
    )
