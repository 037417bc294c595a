"""Messages that the source itself keeps."""

from enum import Enum

from loaders.contract.writing import Kind, Relation, key, may, must, one_of, reference


class MessageScope(Enum):
    """To whom a message was addressed."""

    DISTRICT = "DISTRICT"
    SCHOOL = "SCHOOL"
    COURSE = "COURSE"
    STUDENT = "STUDENT"
    PERSONAL = "PERSONAL"


RELATIONS = (
    Relation(
        "message",
        (
            key("id", "message"),
            one_of("scope", MessageScope),
            must("subject", Kind.TEXT),
            must("body", Kind.TEXT, "HTML or plain text; sanitized before it leaves"),
            may("sender_name", Kind.TEXT),
            may("sender_role", Kind.TEXT),
            must("sent_at", Kind.INSTANT),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "message_recipient",
        (
            key("message_id", "message"),
            key("guardian_id", "guardian"),
            reference("student_id", "student", "whom it concerns; one row per student, null for none"),
            may("read_at", Kind.INSTANT),
        ),
        key=("message_id", "guardian_id", "student_id"),
        asked_by=("guardian_id",),
    ),
)
