"""Connections: pages of a list, by the Relay specification, with the nodes also at hand without their edges."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import strawberry

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list (Relay cursor connections).")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more stands behind this page.")
    has_previous_page: bool = strawberry.field(description="Whether something stands before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge; null for an empty page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge: give it as `after` to read on. Null for an empty page."
    )


@strawberry.type(description="One place in a connection.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="Where this place is; stays valid when rows come before it.")
    node: T = strawberry.field(description="What stands there.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page with its cursors.")
    nodes: list[T] = strawberry.field(description="The page without its cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How many there are in all, over every page; counted only when asked.")
    async def total_count(self) -> int:
        return await self.count()
