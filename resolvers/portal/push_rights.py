"""Whether a device may still be told what waits for it: the rights are asked again as it leaves."""

from datetime import UTC, datetime

from loaders.contract import Area
from loaders.errors import SourceDown
from loaders.portal.push_devices import PushDevice
from resolvers.access import AreaReason, closed_in, scope_of, visible
from resolvers.context import Context, Viewer


async def may_be_told(context: Context, device: PushDevice, student_id: str | None, area: str | None) -> bool:
    """Whether the device's owner has the right today to what a push tells of; asked by nobody's operation.

    SourceDown where that cannot be known now.
    """
    if device.guardian_id is None:
        return False
    guardian = context.source.adapter.parse_key("guardian", device.guardian_id)
    if guardian is None:
        return False
    if student_id is None:
        return True
    student = context.source.adapter.parse_key("student", student_id)
    if student is None:
        return False
    far = datetime.max.replace(tzinfo=UTC)
    context.become(Viewer(device.account_id, device.session_id, device.username, guardian, frozenset(), far))
    if not await visible(context, [student]):
        return False
    if area is None:
        return True
    reason = closed_in(context, await scope_of(context), Area(area), [student]).get(student)
    if reason is AreaReason.SOURCE_DOWN:
        raise SourceDown("The student information system does not answer.")
    return reason is None
