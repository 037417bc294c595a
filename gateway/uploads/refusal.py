"""Why a file is not taken."""


class ContentRefused(Exception):
    """The bytes are not what they were announced as, or can do harm; the message is for the family."""
