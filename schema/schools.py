"""Schools, terms, and where a student is enrolled."""

import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from loaders.contract import GradeLevel, TermKind
from resolvers import terms
from resolvers.context import Batch
from schema import enums as enums
from schema.batching import batched
from schema.node import Node


@strawberry.type(description="A school.")
class School(Node):
    sourced_id: str = strawberry.field(description="The school's key in the source.")
    name: str = strawberry.field(description="The school's name.")
    phone: str | None = strawberry.field(description="The school's telephone number.")
    time_zone: str = strawberry.field(description="The school's time zone by its IANA name.")


@strawberry.type(description="A part of a school year, or a whole one.")
class Term(Node):
    key: Private[Any]
    parent_key: Private[Any]
    sourced_id: str = strawberry.field(description="The term's key in the source.")
    name: str = strawberry.field(description="The term's name.")
    kind: TermKind = strawberry.field(description="What part of a year it is.")
    starts_on: datetime.date = strawberry.field(description="The first day.")
    ends_on: datetime.date = strawberry.field(description="The last day.")
    school_year: int = strawberry.field(description="The school year, by the calendar year in which it ends.")
    is_current: bool = strawberry.field(description="Whether today lies in it.")

    @batched("parent_key", shared=True)
    def parent(keys: Any, batch: Batch) -> Annotated["Term", strawberry.lazy("schema.schools")] | None:
        """The term of which this one is a part."""
        return terms.terms_of_keys(keys, batch)


@strawberry.type(description="A student's enrolment in a school.")
class SchoolEnrollment:
    school_key: Private[Any]
    grade_level: GradeLevel = strawberry.field(description="The grade level there.")
    school_year: int = strawberry.field(description="The school year, by the calendar year in which it ends.")
    starts_on: datetime.date | None = strawberry.field(description="The first day.")
    ends_on: datetime.date | None = strawberry.field(description="The last day; null while it lasts.")
    is_primary: bool = strawberry.field(description="Whether it is the school the family would name first.")
    is_current: bool = strawberry.field(description="Whether it holds today.")

    @batched("school_key", shared=True)
    def school(keys: Any, batch: Batch) -> School:
        """The school."""
        return terms.schools_of_keys(keys, batch)
