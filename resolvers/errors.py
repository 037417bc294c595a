"""What a resolver refuses, named for what happened, each with the stable code that reaches clients."""


class Refusal(Exception):
    """Root of everything a client may be told; `code` is one of the API's error codes, the message is public."""

    code = "INTERNAL_SERVER_ERROR"
    retry_after: int | None = None


class Unauthenticated(Refusal):
    """There is no session, or it has ended."""

    code = "UNAUTHENTICATED"


class Forbidden(Refusal):
    """The session is of a kind that may not do this."""

    code = "FORBIDDEN"


class SecondFactorRequired(Refusal):
    """The session has not proven a second factor, and its account needs one."""

    code = "SECOND_FACTOR_REQUIRED"


class SecuritySetupRequired(Refusal):
    """A parent has not finished the security set-up, so nothing but the account's own is open."""

    code = "SECURITY_SETUP_REQUIRED"


class BadUserInput(Refusal):
    """An argument cannot be what it says; the message names the argument and the remedy."""

    code = "BAD_USER_INPUT"


class CursorExpired(Refusal):
    """A cursor behind which not everything is known any more: read again what is shown, and go on without it."""

    code = "CURSOR_EXPIRED"


class RateLimited(Refusal):
    """Too often; `retry_after` is in seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(Refusal):
    """The gateway has no room for this now; `retry_after` is in seconds."""

    code = "OVERLOADED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
