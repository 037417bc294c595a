"""Documents: parsed, measured, validated once and kept; an operation of one chosen, and its variables coerced."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
import strawberry
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    get_variable_values,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import VariableValues
from graphql.validation import ASTValidationRule
from graphql.validation.validate import ValidationAbortedError

from gateway.execution.codes import (
    BAD_USER_INPUT,
    COST_LIMIT_EXCEEDED,
    GRAPHQL_PARSE_FAILED,
    GRAPHQL_VALIDATION_FAILED,
    refusal,
)
from gateway.limits import Checked, Limits, check_document

CACHED_DOCUMENTS = 500
#: Measured: a parsed document takes 50 to 280 bytes for each byte of its text.
PARSED_PER_TEXT = 280
CACHED_BYTES = 64 * 2**20
CHECKS_PER_DOCUMENT = 64
MAX_ERRORS = 5
#: How many requests for a document, told apart by operation and variables, are kept ready beside it, how long their
#: variables may be in JSON, and what one takes: the variables as they came, coerced, and what says where from.
READY_PER_DOCUMENT = 64
READY_VARIABLES = 4_096
READY_BYTES = 500
READY_PER_VARIABLE = 20

#: What has no JSON form of its own is no variable that came in JSON, and must not look like one that did.
_AS_JSON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS

Place = tuple[str | None, bytes]


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request, whatever brought it: nothing in it has been looked up yet."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation ready to run, or the request errors that keep it from running.

    `variables` are coerced, with their sources in `values`, and `request.variables` as they came; `hash` is the
    SHA-256 of the text and is what logs name. What an executor makes of the document it keeps `beside` it, so that it
    goes with the document. Two operations of one engine with the same `place` are the same with the same variables;
    None where that is not known.
    """

    request: GraphQLRequest
    hash: str
    document: DocumentNode | None = None
    operation: OperationDefinitionNode | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[GraphQLError, ...] = ()
    values: VariableValues | None = None
    beside: dict[Any, Any] = field(default_factory=dict)
    place: tuple[str, Place] | None = None

    @property
    def kind(self) -> OperationType | None:
        """Query, mutation or subscription; None where no operation could be chosen."""
        return self.operation.operation if self.operation else None

    @property
    def name(self) -> str | None:
        """The operation's own name, if it has one."""
        return self.operation.name.value if self.operation and self.operation.name else None


@dataclass(slots=True)
class _Entry:
    document: DocumentNode
    hash: str
    bytes: int
    valid: bool = False
    page_variables: dict[str | None, frozenset[str]] = field(default_factory=dict)
    checks: OrderedDict[Any, Checked] = field(default_factory=OrderedDict)
    beside: dict[Any, Any] = field(default_factory=dict)
    ready: OrderedDict[Place, Prepared] = field(default_factory=OrderedDict)


class Documents:
    """Every document on its way to execution; valid ones are kept, least recently used out first."""

    def __init__(self, schema: strawberry.Schema, limits: Limits, *, cached_bytes: int = CACHED_BYTES) -> None:
        self.limits = limits
        self.validations = 0
        self._schema = schema._schema
        self._rules = _rules(limits.overlap_budget)
        self._cached_bytes = cached_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """What the kept documents take, estimated from their texts, with what executors keep beside them."""
        return self._bytes

    def prepare(self, request: GraphQLRequest) -> Prepared:
        """The operation that the request names, ready to run; or the errors of the first step that refused it."""
        entry = self._entries.get(request.query)
        place = _place(request)
        if entry is not None and place is not None:
            ready = entry.ready.get(place)
            if ready is not None:
                entry.ready.move_to_end(place)
                self._entries.move_to_end(request.query)
                return ready
        text_hash = entry.hash if entry else sha256(request.query.encode(errors="surrogatepass")).hexdigest()
        operation: OperationDefinitionNode | None = None
        try:
            if entry is None:
                entry = self._parse(request.query, text_hash)
            operation = _choose(entry.document, request.operation_name)
            self._check(entry, operation, request)
        except GraphQLError as error:
            return Prepared(request, text_hash, operation=operation, errors=(error,))
        if not entry.valid:
            errors = self._validate(entry.document)
            if errors:
                return Prepared(request, text_hash, operation=operation, errors=tuple(errors))
            entry.valid = True
        self._keep(request.query, entry)
        values = get_variable_values(
            self._schema,
            operation.variable_definitions or (),
            dict(request.variables),
            max_errors=MAX_ERRORS,
            hide_suggestions=True,
        )
        if isinstance(values, list):
            refused = tuple(_coded(error, BAD_USER_INPUT) for error in values)
            return Prepared(request, text_hash, operation=operation, errors=refused)
        named = None if place is None else (text_hash, place)
        prepared = Prepared(
            request, text_hash, entry.document, operation, values.coerced, (), values, entry.beside, named
        )
        # A mutation's variables may hold a password.
        if place is not None and operation.operation is not OperationType.MUTATION:
            self._keep_ready(entry, place, prepared)
        return prepared

    def _parse(self, text: str, text_hash: str) -> _Entry:
        size = len(text.encode(errors="surrogatepass"))
        if size > self.limits.document_bytes:
            message = (
                f"The document has {size:,} bytes, and may have {self.limits.document_bytes:,}. Send several requests."
            )
            raise refusal(message, COST_LIMIT_EXCEEDED)
        try:
            document = parse(text, max_tokens=self.limits.tokens)
        except GraphQLError as error:
            if "token" in error.message and str(self.limits.tokens) in error.message:
                message = f"The document has more than {self.limits.tokens:,} tokens. Send several requests."
                raise refusal(message, COST_LIMIT_EXCEEDED) from None
            raise _coded(error, GRAPHQL_PARSE_FAILED) from None
        return _Entry(document, text_hash, size * PARSED_PER_TEXT)

    def _check(self, entry: _Entry, operation: OperationDefinitionNode, request: GraphQLRequest) -> None:
        name = operation.name.value if operation.name else None
        deciding = entry.page_variables.get(name)
        place: Any = None
        if deciding is not None:
            place = (name, tuple((v, repr(request.variables.get(v, ...))) for v in sorted(deciding)))
            if place in entry.checks:
                return
        checked = check_document(entry.document, operation, request.variables, self._schema, self.limits)
        if deciding is None:
            entry.page_variables[name] = checked.page_variables
            return
        entry.checks[place] = checked
        if len(entry.checks) > CHECKS_PER_DOCUMENT:
            entry.checks.popitem(last=False)

    def _validate(self, document: DocumentNode) -> list[GraphQLError]:
        self.validations += 1
        errors = validate(self._schema, document, self._rules, max_errors=MAX_ERRORS, hide_suggestions=True)
        return [_validation_error(error) for error in errors]

    def _keep(self, text: str, entry: _Entry) -> None:
        if text in self._entries:
            self._entries.move_to_end(text)
            return
        self._entries[text] = entry
        self._bytes += entry.bytes
        self._cut()

    def charge(self, prepared: Prepared, size: int) -> None:
        """Count bytes that an executor keeps beside a document as the document's own, for as long as it is kept."""
        entry = self._entries.get(prepared.request.query)
        if entry is not None and entry.beside is prepared.beside:
            entry.bytes += size
            self._bytes += size
            self._cut()

    def _keep_ready(self, entry: _Entry, place: Place, prepared: Prepared) -> None:
        if self._entries.get(prepared.request.query) is not entry:
            return
        entry.ready[place] = prepared
        taken = _ready_bytes(place)
        if len(entry.ready) > READY_PER_DOCUMENT:
            taken -= _ready_bytes(entry.ready.popitem(last=False)[0])
        entry.bytes += taken
        self._bytes += taken
        self._cut()

    def _cut(self) -> None:
        while len(self._entries) > CACHED_DOCUMENTS or self._bytes > self._cached_bytes:
            _, dropped = self._entries.popitem(last=False)
            self._bytes -= dropped.bytes


def _place(request: GraphQLRequest) -> Place | None:
    """What tells a request from others for the same document; None where that is long, or is no JSON."""
    if not request.variables:
        return request.operation_name, b""
    try:
        variables = orjson.dumps(request.variables, option=_AS_JSON)
    except TypeError:
        return None
    return (request.operation_name, variables) if len(variables) <= READY_VARIABLES else None


def _ready_bytes(place: Place) -> int:
    return READY_BYTES + READY_PER_VARIABLE * len(place[1])


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if not operations:
        raise refusal("The document has no operation.", BAD_USER_INPUT)
    if name is None:
        if len(operations) > 1:
            raise refusal("The document has several operations: name one in operationName.", BAD_USER_INPUT)
        return operations[0]
    for operation in operations:
        if operation.name and operation.name.value == name:
            return operation
    raise refusal("The document has no operation of the name in operationName.", BAD_USER_INPUT)


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {"code": code}
    return error


def _validation_error(error: GraphQLError) -> GraphQLError:
    if isinstance(error, ValidationAbortedError) and error.message == "Validation aborted.":
        message = "The document repeats fields too often to be compared. Write each field of a selection once."
        return refusal(message, COST_LIMIT_EXCEEDED)
    return _coded(error, GRAPHQL_VALIDATION_FAILED)


def _rules(overlap_budget: int) -> tuple[type[ASTValidationRule], ...]:
    """The specification's rules; comparing fields with one another, which grows with their square, has a budget."""

    class BoundedOverlap(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = overlap_budget

    return tuple(BoundedOverlap if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)
