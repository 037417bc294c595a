"""One execution of a plan: read, then built; carefully where the fast build meets what is not as promised."""

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLError
from graphql.execution.values import VariableValues

from gateway.execution.build import Frame
from gateway.execution.careful import Careful
from gateway.execution.operations import ERRORS, Answer
from gateway.execution.pages import MakeCursor
from gateway.execution.plan import Plan, Planned, Relation
from gateway.execution.told import Telling
from gateway.execution.waves import Fetch, Waves


class Run:
    """One execution; `careful` says afterwards whether the careful builder told it.

    What is raised is a fault of the engine: whatever a resolver, a statement or a value does, is told in the answer.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        plan: Plan,
        context: Any,
        variables: VariableValues | None,
        root: Any,
        cursor: MakeCursor,
        fetch: Fetch,
        telling: Telling | None = None,
    ) -> None:
        self.plan = plan
        self.root = Frame(plan.root, [root])
        self.waves = Waves(schema, plan, context, variables, root, cursor, fetch, telling)
        self.careful = False

    async def answer(self) -> Answer:
        """The answer, its errors among it."""
        if self.plan.serial:
            return await self._serially()
        await self.waves.read(self.root, self.root.selection.relations)
        try:
            return Answer(self.root.build()[0], repeatable=self.waves.repeatable)
        except Exception:  # whatever it is, the careful builder meets it again, in its place
            self.careful = True
        careful = Careful()
        try:
            return _answer(await careful.data(self.root), careful.errors)
        except GraphQLError as error:
            return _answer(None, [*careful.errors, error])

    async def _serially(self) -> Answer:
        """A mutation: each root field is read and built with all that is below it before the next one begins.

        Where one fails that may not be null, those behind it are not begun (GraphQL specification, 6.2.2).
        """
        data: dict[str, Any] = {}
        careful = Careful()
        for planned in self.root.selection.fields:
            if isinstance(planned, Relation):
                await self.waves.read(self.root, [planned])
            try:
                data[planned.key] = await self._root_field(planned, careful)
            except GraphQLError as error:
                return _answer(None, [*careful.errors, error])
        return _answer(data, careful.errors)

    async def _root_field(self, planned: Planned, careful: Careful) -> Any:
        if isinstance(planned, Relation):
            try:
                return self.root.kids[planned.key].column()[0]
            except Exception:
                self.careful = True
        return await careful.root_field(self.root, planned)


def _answer(data: Any, errors: Sequence[GraphQLError]) -> Answer:
    return Answer(data, tuple(errors[:ERRORS]))
