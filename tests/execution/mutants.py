"""Faults put into the executor by hand, to show that the fuzzer sees each: `python -m tests.execution.mutants [name]`.

Each is a replacement of text in a copy of the source, tried in a process of its own. Changes that make no difference
to any answer are not listed.
"""

import asyncio
import gc
import importlib
import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DRAWN = 5000


@dataclass(frozen=True)
class Mutant:
    """A fault: in which file of gateway/execution which text, that stands there once, is replaced."""

    name: str
    file: str
    old: str
    new: str

    def source(self) -> str:
        """The file with the fault in it; ValueError where the text does not stand there exactly once."""
        text = (ROOT / "gateway" / "execution" / self.file).read_text("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: the text stands {text.count(self.old)} times in {self.file}: {self.old!r}")
        return text.replace(self.old, self.new)


MUTANTS = [
    Mutant("an error stops nowhere", "careful.py", "if isinstance(of, GraphQLNonNull):\n            raise located", "if False:\n            raise located"),  # noqa: E501
    Mutant("null where it may not be", "careful.py", "if made is None and not self._waiting:", "if False:"),
    Mutant("items have no places", "careful.py", "here = (*path, n)\n", "here = (*path, 0)\n"),
    Mutant("a fault is told as a value", "careful.py", "if isinstance(value, Exception):\n            raise value", "if False:\n            raise value"),  # noqa: E501
    Mutant("a leaf that may not be null is", "leaves.py", "made = inner(value)\n            if made is None:", "made = inner(value)\n            if False:"),  # noqa: E501
    Mutant("failures are serialized", "leaves.py", 'if isinstance(value, Failed | Exception) or hasattr(value, "__await__"):', "if False:"),  # noqa: E501
    Mutant("Int is wider than it is", "leaves.py", "-2147483649 < {v} < 2147483648", "-2147483649 < {v} < 2147483649"),
    Mutant("objects that may not be null are", "kids.py", "if isinstance(of, GraphQLNonNull):\n        if None in column:", "if isinstance(of, GraphQLNonNull):\n        if False:"),  # noqa: E501
    Mutant("rows that may not be missing are", "kids.py", "            column = [groups.get(key) for key in self.keys]\n        if self.relation.non_null and None in column:", "            column = [groups.get(key) for key in self.keys]\n        if False:"),  # noqa: E501
    Mutant("the last row of a key counts", "kids.py", "dict(zip(reversed(self.frame.keys), reversed(built), strict=True))", "dict(zip(self.frame.keys, built, strict=True))"),  # noqa: E501
    Mutant("what is shut is empty", "kids.py", "column = [None if key is None or key in shut else groups", "column = [None if key is None else groups"),  # noqa: E501
    Mutant("skip is include", "planner.py", 'holds is (name == "skip")', 'holds is not (name == "skip")'),
    Mutant("fragments are read twice", "planner.py", "visited.add(node.name.value)", "pass"),
    Mutant("any arguments are one load", "loads.py", "places[frozen(relation.arguments)]", "places[None]"),
    Mutant("what is shut fails with its level", "calls.py", "None if key in shut else missing for", "missing for"),
    Mutant("columns always suffice", "calls.py", "if read.serves(columns):", "if True:"),
    Mutant("a key without a row is null", "calls.py", "if refusal is None or relation.many:", "if True:"),
    Mutant("a failed level is empty", "calls.py", "failed = _NONE if read.failure is None else dict.fromkeys(read.keys, Failed(read.failure))\n            return RowsKid", "failed = _NONE\n            return RowsKid"),  # noqa: E501
    Mutant("a page has one too many", "pages.py", "found[:first]", "found[: first + 1]"),
    Mutant("there is always more", "pages.py", "len(found) > first", "len(found) >= first"),
    Mutant("no type says no", "landing.py", "if is_type_of is not None:", "if False:"),
    Mutant("a parent is somebody else's", "resolving.py", "**dict.fromkeys(names, each)", "**dict.fromkeys(names, objects[0])"),  # noqa: E501
    Mutant("arguments have the wire's names", "arguments.py", "if relation.lane is Lane.SLOW or relation.own is None:", "if True:"),  # noqa: E501
    Mutant("mutations go on after the end", "run.py", "except GraphQLError as error:\n                return _answer(None, [*careful.errors, error])\n        return", "except GraphQLError:\n                data[planned.key] = None\n        return"),  # noqa: E501
    Mutant("what was read before a mutation is told after it", "waves.py", "self.reads.clear()", "pass"),
    Mutant("mutations are built at the end", "run.py", "for planned in self.root.selection.fields:\n            if isinstance(planned, Relation):\n                await self.waves.read(self.root, [planned])\n", "for planned in self.root.selection.fields:\n            if isinstance(planned, Relation):\n                await self.waves.read(self.root, [planned])\n        for planned in self.root.selection.fields:\n"),  # noqa: E501
    Mutant("a later mutation is done first", "run.py", "for planned in self.root.selection.fields:", "for planned in reversed(self.root.selection.fields):"),  # noqa: E501
    Mutant("keys stand in another order", "build.py", '"{" + ", ".join(items) + "}"\n    given', '"{" + ", ".join(sorted(items)) + "}"\n    given'),  # noqa: E501
]  # fmt: skip


def caught(mutant: Mutant | None) -> bool:
    """Whether the fuzzer fails with this fault, in a process of its own; None is the executor as it stands."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "gateway", Path(folder) / "gateway")
        if mutant is not None:
            (Path(folder) / "gateway" / "execution" / mutant.file).write_text(mutant.source(), "utf-8")
        child = os.fork()
        if child == 0:
            os._exit(_tried(folder))
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def _tried(folder: str) -> int:
    """Fuzz the copy in a folder: 0 where both executors agree."""
    sys.path.insert(0, folder)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    warnings.simplefilter("ignore")
    gc.disable()
    fuzz = importlib.import_module("tests.execution.test_fuzz")
    kinds = importlib.import_module("graphql").OperationType

    async def all_kinds() -> None:
        counts = await fuzz.compare(kinds.MUTATION, DRAWN // 5)
        counts += await fuzz.compare(kinds.QUERY, DRAWN)
        assert not counts["failed"]

    try:
        asyncio.run(all_kinds())
    except BaseException:
        return 1
    return 0


def main(names: list[str]) -> int:
    """Try the mutants of these names, or all of them, and the executor itself; 0 where only it survives."""
    for heavy in ("strawberry", "graphql", "orjson", "structlog", "schema.connections", "resolvers.paging"):
        importlib.import_module(heavy)
    chosen = [each for each in MUTANTS if not names or each.name in names]
    survivors = [each.name for each in chosen if not _told(each.name, caught(each))]
    sound = names or not _told("the executor as it stands", caught(None))
    return 0 if sound and not survivors else 1


def _told(name: str, is_caught: bool) -> bool:
    print(f"{'caught' if is_caught else 'survives'}: {name}", flush=True)
    return is_caught


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
