"""What can go wrong while data is read or written, named for what happened."""

from asyncio import CancelledError


class LoaderError(Exception):
    """Root of everything the loaders raise on purpose; `code` is stable, the message is for operators."""

    code = "LOADER_ERROR"


class MustWait(CancelledError):
    """What was tried without waiting cannot be had so; the try is given up, and nobody on the way is to catch it."""


class SourceDown(LoaderError):
    """The database does not answer: unreachable, shutting down, gone, or with no connection free in time."""

    code = "SOURCE_DOWN"


class StatementTimeout(LoaderError):
    """A statement ran past its deadline and was stopped; the database itself may be well."""

    code = "STATEMENT_TIMEOUT"


class ConstraintBroken(LoaderError):
    """A write was refused because it breaks a constraint of the portal store; nothing of its transaction is kept."""

    code = "CONSTRAINT_BROKEN"


class AddressInvalid(LoaderError):
    """A database URL cannot be read; the message says what it should look like and never repeats it."""

    code = "ADDRESS_INVALID"


class SourceWritable(LoaderError):
    """The gateway could write to the SIS with the credentials it was given, and was not told that it may."""

    code = "SOURCE_WRITABLE"


class AdapterInvalid(LoaderError):
    """An adapter folder does not say what it must; the message names the file and the remedy."""

    code = "ADAPTER_INVALID"


class RelationIncomplete(LoaderError):
    """A relation does not answer with the columns of the contract; the message names relation and columns."""

    code = "RELATION_INCOMPLETE"


class ValueInvalid(LoaderError):
    """A row holds a value that the contract does not know; the message names relation, column and value."""

    code = "VALUE_INVALID"


class StoreOutdated(LoaderError):
    """The portal store's tables are not those of this version; `homeroom migrate` brings them up to date."""

    code = "STORE_OUTDATED"
