"""Problems: what an order refuses in the ordinary course of things, as data."""

import strawberry

from resolvers.portal.problems import Problem as Refusal
from resolvers.portal.problems import ProblemCode, Refused
from schema.enums import described

described(
    ProblemCode,
    "ProblemCode",
    "Why an order was refused. Read a value you do not know as a refusal whose message says why.",
    {
        ProblemCode.INVALID_CREDENTIALS: "No active account has this user name and password.",
        ProblemCode.INVALID_REFRESH_TOKEN: "The refresh token is unknown, used, or past its time: log in.",
        ProblemCode.COOKIE_SLIDES_BY_ITSELF: "A WEB client has nothing to refresh: each request carries its cookie on.",
        ProblemCode.COOKIE_NEEDS_HTTP: "A WEB client logs in over HTTP, since a WebSocket cannot set its cookie.",
        ProblemCode.USERNAME_TOO_SHORT: "The user name has too few characters.",
        ProblemCode.USERNAME_TOO_LONG: "The user name has too many characters.",
        ProblemCode.USERNAME_UNREADABLE: "The user name holds characters that cannot be typed and read.",
        ProblemCode.USERNAME_TAKEN: "There is an account of this user name already.",
        ProblemCode.PASSWORD_TOO_SHORT: "The password has too few characters.",
        ProblemCode.PASSWORD_TOO_LONG: "The password has too many characters.",
        ProblemCode.PASSWORD_NEEDS_LETTER: "The password holds no letter.",
        ProblemCode.PASSWORD_NEEDS_DIGIT: "The password holds no digit.",
        ProblemCode.PASSWORD_NEEDS_SPECIAL: "The password holds only letters and digits.",
        ProblemCode.PASSWORD_UNREADABLE: "The password holds characters that cannot be typed and read.",
        ProblemCode.PASSWORD_COMMON: "The password, or one much like it, is one of those that many people have.",
        ProblemCode.PASSWORD_HOLDS_NAME: "The password holds the user name or a name of the family.",
        ProblemCode.PASSWORD_UNCHANGED: "The new password is the one before.",
        ProblemCode.PASSWORD_WRONG: "The current password is another.",
        ProblemCode.OWNER_AMBIGUOUS: "An account belongs to one guardian or one member of staff.",
        ProblemCode.CODE_WRONG: "The code is another, past its time, or was used before.",
        ProblemCode.SECOND_FACTOR_MISSING: "The account has no second factor.",
        ProblemCode.SECOND_FACTOR_ENABLED: "The account has a second factor already.",
        ProblemCode.SECOND_FACTOR_OF_STAFF: "Staff cannot be without a second factor.",
        ProblemCode.SESSION_NOT_FOUND: "No session of the viewer's that goes on has this id.",
        ProblemCode.TEXT_MISSING: "A text that must be filled in is empty or too short.",
        ProblemCode.TEXT_TOO_LONG: "A text has too many characters.",
        ProblemCode.TEXT_UNREADABLE: "A text holds characters that cannot be typed and read.",
        ProblemCode.TOO_MANY_STUDENTS: "No student is named, or more than a form takes.",
        ProblemCode.REQUEST_NOT_FOUND: "No request has this number.",
        ProblemCode.STATE_WRONG: "What is ordered does not fit the state in which it is now.",
        ProblemCode.PASSWORD_IN_TEXT: "A text holds what is, or looks like, a password: take it out.",
        ProblemCode.ACCOUNT_NOT_FOUND: "No account has this user name.",
        ProblemCode.ACCOUNT_NOT_STAFF: "The account is not a member of staff's.",
        ProblemCode.OWN_ACCOUNT: "Nobody may do this to their own account.",
        ProblemCode.ROLES_MISSING: "A member of staff has one role at the least.",
        ProblemCode.EMAIL_NEEDED: "What is to go by e-mail needs an e-mail address.",
        ProblemCode.SIGNATURE_NOT_WITNESSED: "The form must be signed before a member of staff.",
        ProblemCode.GUARDIAN_UNKNOWN: "The school's system has no guardian of this key.",
        ProblemCode.GUARDIAN_WITHOUT_RIGHT: "The guardian has the portal right to no student today.",
        ProblemCode.REASON_MISSING: "A denial needs its reason.",
        ProblemCode.SCHOOL_UNKNOWN: "The school's system has no such school.",
        ProblemCode.KEY_NOT_VALID: "The activation key opens nothing: unknown, used and expired ones look alike.",
        ProblemCode.ACCOUNT_EXISTS: "The guardian of this activation key has an account already.",
        ProblemCode.EMAIL_INVALID: "It is no e-mail address.",
        ProblemCode.EMAIL_UNCHANGED: "It is the recovery address already.",
        ProblemCode.LINK_NOT_VALID: "The link is unknown, used, or past its time: ask for a new one.",
        ProblemCode.IMAGES_COUNT: "Exactly eight different images belong here.",
        ProblemCode.IMAGES_OVERLAP: "An image stands among the liked and the disliked.",
        ProblemCode.IMAGE_UNKNOWN: "The catalogue has no such image.",
        ProblemCode.IMAGES_WRONG: "The images do not lie as they were chosen.",
        ProblemCode.IMAGE_STEP_OFF: "The district does without preference images.",
        ProblemCode.NO_DEFERRAL_LEFT: "The security set-up cannot be put off any more.",
        ProblemCode.STUDENT_UNKNOWN: "The school's system has no student of this key.",
        ProblemCode.AREAS_MISSING: "No area is named.",
        ProblemCode.PERIOD_INVALID: "What is ordered would end before it begins.",
        ProblemCode.ORDER_NOT_FOUND: "No order of this id holds.",
        ProblemCode.STUDENT_NOT_FOUND: "No student of the viewer's has this id, or what is ordered is closed to them.",
        ProblemCode.CALENDAR_FEED_NOT_FOUND: "No calendar feed of the viewer's has this id.",
        ProblemCode.TOO_MANY_CALENDAR_FEEDS: "An account has no more calendar feeds than that: revoke one.",
        ProblemCode.PUSH_NOT_OFFERED: "The district has not set up this way to reach devices.",
        ProblemCode.DEVICE_ADDRESS_INVALID: "A device cannot be reached so: the message says what is wrong.",
        ProblemCode.DEVICE_NOT_FOUND: "No device of the viewer's has this id.",
        ProblemCode.TOO_MANY_DEVICES: "The viewer has as many devices as an account may have.",
        ProblemCode.REGISTRATION_NOT_FOUND: "No registration that the viewer may see has this id.",
        ProblemCode.REGISTRATION_NOT_OFFERED: "The district takes no registrations for this school year here.",
        ProblemCode.REGISTRATION_CLOSED: "It is not the time for it; the message says when it is, if known.",
        ProblemCode.REGISTRATION_INCOMPLETE: "A section has faults; `path` names it, and its `faults` say which.",
        ProblemCode.VERSION_CHANGED: "Somebody has changed it since it was read: read it again.",
        ProblemCode.FORM_CHANGED: "The district has changed the form since it was filled in: look it through again.",
        ProblemCode.SECTION_LOCKED: "The school has asked for no change in this section.",
        ProblemCode.FIELD_LOCKED: "The school has asked for no change of this field.",
        ProblemCode.SECTION_UNKNOWN: "The form has no such section.",
        ProblemCode.FIELD_UNKNOWN: "The section has no such field, or it is answered twice.",
        ProblemCode.ENTRY_UNKNOWN: "The section has no entry of this number.",
        ProblemCode.DOCUMENT_UNKNOWN: "No such document was handed in, or not for the field that names it.",
        ProblemCode.DOCUMENT_TYPE: "The field takes no documents of this media type.",
        ProblemCode.DOCUMENT_TOO_LARGE: "The document is empty, or larger than the field takes it.",
        ProblemCode.TOO_MANY_DOCUMENTS: "The field has as many documents as it takes.",
        ProblemCode.UPLOADS_NOT_TAKEN: "The district takes no documents here.",
        ProblemCode.SIGNATURE_WRONG: "The signature is not the full name of the guardian who signs.",
        ProblemCode.NOT_YOURS: "Another guardian has to do this.",
        ProblemCode.STUDENT_NOT_TAKEN: "What is ordered concerns no single student, and one is named.",
        ProblemCode.CHANNELS_MISSING: "A rule that tells something needs a channel.",
        ProblemCode.THRESHOLD_INVALID: "A rule lacks its threshold or direction, or takes none, or none so large.",
        ProblemCode.DAYS_AHEAD_INVALID: "A rule takes no days ahead, or not so many.",
        ProblemCode.QUIET_HOURS_INVALID: "Quiet hours lack their beginning or end, or end as they begin.",
        ProblemCode.TIME_ZONE_UNKNOWN: "It is the name of no IANA time zone.",
        ProblemCode.WEEKDAY_INVALID: "It is the number of no day of the week.",
        ProblemCode.MESSAGE_NOT_FOUND: "No message that the viewer may read or withdraw has this id.",
        ProblemCode.TARGET_INVALID: "What is named does not fit the message's scope, or nothing is.",
        ProblemCode.COURSE_UNKNOWN: "The school's system has no such course, or it is another teacher's.",
        ProblemCode.TEACHER_UNKNOWN: "The school's system has no teacher of this key.",
        ProblemCode.END_MISSING: "A pinned message is shown until an instant that must be named.",
        ProblemCode.LANGUAGE_INVALID: "It is no language tag of BCP 47.",
        ProblemCode.FILE_NOT_FOUND: "No file of the sender's that waits to be sent has this id.",
        ProblemCode.TOO_MANY_FILES: "A message has no more files than that.",
    },
)


@strawberry.interface(description="An order that was refused: a code for programs, a message for people.")
class Problem:
    code: ProblemCode = strawberry.field(description="Why, stably.")
    message: str = strawberry.field(description="Why, in a sentence that can be shown.")
    path: list[str] = strawberry.field(
        description="The argument, and the field in it, that it is about; empty where it is about the whole order."
    )


@strawberry.type(description="One thing that was wrong with an order.")
class OrderProblem(Problem):
    pass


@strawberry.type(description="The order was not carried out.")
class Problems:
    problems: list[OrderProblem] = strawberry.field(
        description="All that was wrong with it, in the order in which people read it; never empty."
    )

    @classmethod
    def of(cls, refused: Refused) -> "Problems":
        """The refusal as clients see it."""
        return cls(
            problems=[
                OrderProblem(code=problem.code, message=problem.message, path=list(problem.path))
                for problem in refused.problems
            ]
        )


@strawberry.type(description="The log-in, or its renewal, was refused.")
class LogInProblem(Problem):
    @classmethod
    def of(cls, refusal: Refusal) -> "LogInProblem":
        """The refusal as clients see it."""
        return cls(code=refusal.code, message=refusal.message, path=list(refusal.path))
