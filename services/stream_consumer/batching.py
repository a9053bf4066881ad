"""Decides which complaints share an endpoint call. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from libs.events.invocations import Instance, InvocationsRequest
from services.stream_consumer.record import Complaint

_ENVELOPE_BYTES = len(b'{"instances":[]}')


@dataclass(frozen=True)
class CallLimits:
    """What one endpoint call may hold."""

    items: int
    body_bytes: int


@dataclass(frozen=True, slots=True)
class Call:
    """Complaints for one endpoint call, and what became of it so far."""

    complaints: tuple[Complaint, ...]
    attempts: int = 0

    @property
    def body(self) -> bytes:
        """The request; an item's id is its place in the call."""
        instances = [_instance(complaint, i) for i, complaint in enumerate(self.complaints)]
        return InvocationsRequest(instances).to_json()

    def halves(self) -> list["Call"]:
        """Split in two, to find out which half is at fault."""
        middle = (len(self.complaints) + 1) // 2
        return [Call(self.complaints[:middle]), Call(self.complaints[middle:])]


def split_into_calls(complaints: Sequence[Complaint], limits: CallLimits) -> list[Call]:
    """Return as few calls as the limits allow, of even size, in order."""
    if not complaints:
        return []
    count = -(-len(complaints) // limits.items)
    items = -(-len(complaints) // count)
    groups: list[list[Complaint]] = [[]]
    size = _ENVELOPE_BYTES
    for complaint in complaints:
        item_bytes = len(msgspec.json.encode(_instance(complaint, limits.items))) + 1
        is_full = len(groups[-1]) == items or size + item_bytes > limits.body_bytes
        if groups[-1] and is_full:
            groups.append([])
            size = _ENVELOPE_BYTES
        groups[-1].append(complaint)
        size += item_bytes
    return [Call(tuple(group)) for group in groups]


def _instance(complaint: Complaint, place: int) -> Instance:
    return Instance(complaint.event.narrative, str(place))
