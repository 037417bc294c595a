"""Ordinary resolvers: called for each object of a level, in the lane that the plan chose."""

from collections.abc import Callable, Sequence
from typing import Any

import strawberry
from graphql import GraphQLResolveInfo, default_field_resolver, default_type_resolver
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from gateway.execution.arguments import arguments_of
from gateway.execution.build import Frame
from gateway.execution.leaves import Failed
from gateway.execution.plan import Lane, Plan, Relation


class Resolvers:
    """The ordinary resolvers of one execution.

    Their `info` is the one that Strawberry's own executor makes, once for all objects of a level; so all that it lacks
    is the places in lists in its path.
    """

    def __init__(
        self, schema: strawberry.Schema, plan: Plan, context: Any, variables: VariableValues | None, root: Any
    ) -> None:
        self.schema = schema
        self.plan = plan
        self.context = context
        self.variables = variables
        self.root = root
        self._executor: Executor[Any] | None = None

    def values(self, frame: Frame, relation: Relation) -> list[Any]:
        """What the field's resolver gives for each object: values and awaitables, a Failed where it raises."""
        try:
            objects = frame.objects()
            if relation.lane is Lane.ATTRIBUTE and relation.own is not None:
                name = relation.own.python_name
                return [_tried(getattr, each, name) for each in objects]
            info = self.info(relation)
            if relation.lane is Lane.DIRECT and relation.own is not None:
                return self._direct(objects, relation, relation.own, info)
            args = arguments_of(self.schema, relation, self.variables)
            resolve = relation.definition.resolve or default_field_resolver
            return [_tried(resolve, each, info, **args) for each in objects]
        except Exception as error:  # what is made once for all objects
            return [Failed(error)] * len(frame)

    def _direct(
        self, objects: Sequence[Any], relation: Relation, own: StrawberryField, raw: GraphQLResolveInfo[Any]
    ) -> list[Any]:
        """Strawberry's `get_arguments` and `get_result`, with what is the same for all objects done once."""
        resolver = own.base_resolver
        if resolver is None:
            raise TypeError(f"{relation.parent}.{relation.name} has no resolver.")
        info = self.schema.config.info_class(_raw_info=raw, _field=own)
        kwargs = arguments_of(self.schema, relation, self.variables, info)
        if resolver.info_parameter is not None:
            kwargs[resolver.info_parameter.name] = info
        names = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None]
        call: Callable[..., Any] = resolver
        made = []
        for each in objects:
            given = {**kwargs, **dict.fromkeys(names, each)} if names else kwargs
            made.append(_tried(call, each, **given) if resolver.self_parameter else _tried(call, **given))
        return made

    def info(self, relation: Relation) -> GraphQLResolveInfo[Any]:
        """What an ordinary resolver is told of its place."""
        if self._executor is None:
            make: type[Executor[Any]] = self.schema.execution_context_class
            self._executor = make(
                self.schema._schema,
                self.plan.fragments,
                {},
                self.root,
                self.context,
                self.plan.operation,
                self.variables or VariableValues({}, {}),
                default_field_resolver,
                default_type_resolver,
                default_field_resolver,
                hide_suggestions=True,
            )
        return self._executor.build_resolve_info(relation.definition, relation.nodes, relation.parent, relation.path)


def _tried(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return call(*args, **kwargs)
    except Exception as error:
        return Failed(error)
