"""Which subscriptions tell the same to all viewers with the same rights: those whose every field is declared so."""

from gateway.execution.plan import Lane, PageSelection, Plan, Relation, Selection


def shareable(plan: Plan) -> bool:
    """Whether nothing below the plan's root fields depends on who asks, but for the rights that guards ask."""
    return all(_inside(relation) for relation in plan.root.relations)


def _alike(selection: Selection) -> bool:
    return all(_declared(relation) and _inside(relation) for relation in selection.relations)


def _declared(relation: Relation) -> bool:
    if relation.batch is not None:
        return relation.batch.shared
    # What an object holds already was answered with it; every other resolver may look at anything.
    return relation.lane is Lane.ATTRIBUTE


def _inside(relation: Relation) -> bool:
    if relation.page is not None:
        return _alike_page(relation.page)
    return all(_alike(selection) for selection in relation.children.values())


def _alike_page(page: PageSelection) -> bool:
    return all(_alike(part.detail) for part in page.carriers)
