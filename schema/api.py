"""The schema: every type of the API, put together."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.attendance import Attendance
from schema.changes import AssignmentChanged, AttendanceChanged, GradeChanged, MessageReceived
from schema.gradebook import Assignment, Course
from schema.grades import Grade
from schema.messages import Message
from schema.mutation import Mutation
from schema.people import Parent, Student, Teacher
from schema.query import Query
from schema.registrations import Registration
from schema.scalars import SCALARS
from schema.schools import School, Term
from schema.subscription import Subscription

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[
        Assignment,
        Attendance,
        Course,
        Grade,
        GradeChanged,
        AssignmentChanged,
        AttendanceChanged,
        MessageReceived,
        Message,
        Parent,
        Registration,
        School,
        Student,
        Teacher,
        Term,
    ],
    config=StrawberryConfig(scalar_map=SCALARS),
)


def sdl() -> str:
    """The schema as text, as it is committed in schema.graphql."""
    return schema.as_str() + "\n"
