"""The order in which narratives are computed: one of each request in turn. No threads here."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(eq=False)
class Ticket:
    """One request's place in the queue: which of its items have been handed out."""

    size: int
    deadline: float
    """On the scheduler's clock; an item that cannot be done by then is not begun."""
    submitted_at: float
    handed_out: int = 0
    is_cancelled: bool = False

    @property
    def pending(self) -> int:
        return 0 if self.is_cancelled else self.size - self.handed_out


Waiting = TypeVar("Waiting", bound=Ticket)


class FairQueue(Generic[Waiting]):
    """Round robin over requests, so that a batch of 500 takes one turn where a single takes one."""

    def __init__(self) -> None:
        self._tickets: deque[Waiting] = deque()
        self.pending = 0

    def add(self, ticket: Waiting) -> None:
        self._tickets.append(ticket)
        self.pending += ticket.pending

    def cancel(self, ticket: Waiting) -> None:
        """Forget what `ticket` still waits for; its place is dropped when its turn comes."""
        self.pending -= ticket.pending
        ticket.is_cancelled = True

    def take(self) -> tuple[Waiting, int] | None:
        """Hand out the next item as its ticket and index, or None when nothing waits."""
        while self._tickets:
            ticket = self._tickets.popleft()
            if not ticket.pending:
                continue
            index = ticket.handed_out
            ticket.handed_out += 1
            self.pending -= 1
            if ticket.pending:
                self._tickets.append(ticket)
            return ticket, index
        return None

    def items_before_completion(self, size: int) -> int:
        """Items that are computed before a new request of `size` items has its last one begun.

        Each waiting request gets at most as many turns as the new one needs.
        """
        if size == 1:
            return min(self.pending, len(self._tickets)) + 1
        return size + sum(min(ticket.pending, size) for ticket in self._tickets)
