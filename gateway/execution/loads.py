"""Which batch fields of a plan are one load: the same resolver with the same arguments, wherever it is asked."""

from collections import defaultdict
from collections.abc import Sequence

from gateway.execution.arguments import frozen, spelled
from gateway.execution.batches import BatchSpec
from gateway.execution.plan import Relation


def share(relations: Sequence[tuple[int, Relation]]) -> None:
    """Give identical loads one `place`, and mark those that are asked again in a later wave; each comes with its depth.

    Where a resolver is asked with variables and also otherwise, only the values tell which are identical.
    """
    asked: defaultdict[int, list[tuple[int, Relation]]] = defaultdict(list)
    for depth, relation in relations:
        if relation.batch is not None:
            asked[id(relation.batch)].append((depth, relation))
    for uses in asked.values():
        again = len({depth for depth, _ in uses}) > 1
        places: defaultdict[object, object] = defaultdict(object)
        known = all(relation.arguments is not None for _, relation in uses)
        spellings = {spelled(relation.nodes[0]) for _, relation in uses}
        for _, relation in uses:
            relation.again = again and not _is_paged(relation.batch)
            if known:
                relation.place = places[frozen(relation.arguments)]
            elif len(spellings) == 1:
                relation.place = places[None]


def _is_paged(spec: BatchSpec | None) -> bool:
    return spec is not None and spec.paged
