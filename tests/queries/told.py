"""How a document, the SQL that ran for it and its answer are written down for people to read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from loaders.source import Bound

WIDTH = 116


def told(text: str, variables: Mapping[str, Any], trips: Sequence[Sequence[Bound]], answer: Any = None) -> str:
    """The document, its variables, each trip to the database with its statements and values, and the answer if any."""
    parts = [_fenced("graphql", text.strip())]
    if variables:
        parts.append(_fenced("json", laid_out(variables)))
    for number, trip in enumerate(trips, 1):
        parts.append(f"## Trip {number}")
        parts += [_fenced("sql", f"{sql.strip()}\n-- {_values(values)}") for sql, values in trip]
    if answer is not None:
        parts += ["## Answer", _fenced("json", laid_out(answer))]
    return "\n\n".join(parts) + "\n"


def laid_out(value: Any, indent: str = "", before: int = 0) -> str:
    """JSON in which whatever fits into a line stands in one; `before` is what already stands in the first."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + before + len(flat) <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    deeper = indent + " "
    if isinstance(value, list):
        return "[\n" + ",\n".join(deeper + laid_out(each, deeper) for each in value) + f"\n{indent}]"
    names = {name: json.dumps(name, ensure_ascii=False) + ": " for name in value}
    fields = [f"{deeper}{names[name]}{laid_out(each, deeper, len(names[name]))}" for name, each in value.items()]
    return "{\n" + ",\n".join(fields) + f"\n{indent}}}"


def _values(values: Sequence[Any]) -> str:
    return json.dumps(list(values), ensure_ascii=False, default=str)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
