"""Relay's Node: everything that has an id can be fetched again by it."""

import strawberry


@strawberry.interface(description="Something with a global id, by which it can be fetched again.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Opaque and global; stays the same as long as the source keeps it."
    )
