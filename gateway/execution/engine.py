"""The engine as the transports see it: prepare a request, execute it, or follow it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import strawberry

from gateway.execution import operations
from gateway.execution.documents import Documents, GraphQLRequest, Prepared
from gateway.execution.operations import Answer
from gateway.limits import Limits


@dataclass(frozen=True)
class Engine:
    """A schema with its documents and limits; subclass or replace it to run operations in another way."""

    schema: strawberry.Schema
    limits: Limits = field(default_factory=Limits)
    documents: Documents = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "documents", Documents(self.schema, self.limits))

    def prepare(self, request: GraphQLRequest) -> Prepared:
        """The operation that the request names, ready to run, or its request errors."""
        return self.documents.prepare(request)

    async def execute(self, prepared: Prepared, context: Any) -> Answer:
        """The answer of a query or mutation."""
        return await operations.execute(self.schema, prepared, context, deadline=self.limits.deadline)

    async def subscribe(
        self, prepared: Prepared, make_context: Callable[[], Awaitable[Any]]
    ) -> AsyncGenerator[Answer, None] | Answer:
        """The answers of a subscription, each with a context of its own; see `operations.subscribe`."""
        return await operations.subscribe(self.schema, prepared, make_context, deadline=self.limits.deadline)
