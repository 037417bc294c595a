"""The engine as the transports see it: prepare a request, execute it, or follow it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import strawberry

from gateway.execution import operations
from gateway.execution.documents import Documents, GraphQLRequest, Prepared
from gateway.execution.operations import Answer, Later
from gateway.limits import Limits


@dataclass(frozen=True)
class Engine:
    """A schema with its documents and limits; subclass or replace it to run operations in another way.

    Operations of an `extended` schema are run by Strawberry itself.
    """

    schema: strawberry.Schema
    limits: Limits = field(default_factory=Limits)
    documents: Documents = field(init=False)
    extended: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "documents", Documents(self.schema, self.limits))
        object.__setattr__(self, "extended", operations.extended(self.schema))

    def prepare(self, request: GraphQLRequest) -> Prepared:
        """The operation that the request names, ready to run, or its request errors."""
        return self.documents.prepare(request)

    def at_once(self, prepared: Prepared, context: Any) -> Answer | Later | None:
        """The answer of a query that needs no wait, now or later; None where it has to be executed."""
        return None

    async def execute(self, prepared: Prepared, context: Any) -> Answer:
        """The answer of a query or mutation."""
        if self.extended or self.schema.directives:
            return await operations.execute_extended(self.schema, prepared, context, deadline=self.limits.deadline)
        return await operations.execute(self.schema, prepared, context, deadline=self.limits.deadline)

    async def open(self, prepared: Prepared, context: Any) -> AsyncGenerator[Any, None] | Answer:
        """The events that a subscription follows, to be closed by who takes them; one answer where there are none."""
        return await operations.open_source(self.schema, prepared, context, deadline=self.limits.deadline)

    async def answer(self, prepared: Prepared, event: Any, context: Any) -> Answer:
        """The answer of a subscription to one event of its source."""
        if self.extended or self.schema.directives:
            return await operations.execute_extended(
                self.schema, prepared, context, event, deadline=self.limits.deadline
            )
        return await operations.answer_event(self.schema, prepared, event, context, deadline=self.limits.deadline)

    def shareable(self, prepared: Prepared) -> bool:
        """Whether viewers with the same rights before an event are answered alike: only where that is known."""
        return False

    async def subscribe(
        self, prepared: Prepared, make_context: Callable[[], Awaitable[Any]]
    ) -> AsyncGenerator[Answer, None] | Answer:
        """The answers of a subscription, each with a context of its own; see `operations.answers`."""
        source = await self.open(prepared, await make_context())
        if isinstance(source, Answer):
            return source
        return operations.answers(source, make_context, partial(self.answer, prepared))
