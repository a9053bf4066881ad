from services.serving.fair_queue import FairQueue, Ticket


def ticket(size: int) -> Ticket:
    return Ticket(size, deadline=10.0, submitted_at=0.0)


def queue_of(*tickets: Ticket) -> FairQueue[Ticket]:
    queue: FairQueue[Ticket] = FairQueue()
    for entry in tickets:
        queue.add(entry)
    return queue


def test_a_single_request_waits_one_turn_of_a_batch() -> None:
    batch, single = ticket(500), ticket(1)
    queue = queue_of(batch, single)

    turns = [queue.take() for _ in range(3)]

    assert turns == [(batch, 0), (single, 0), (batch, 1)]


def test_every_item_is_handed_out_once_and_in_order() -> None:
    batch = ticket(4)
    queue = queue_of(batch)

    turns = [queue.take() for _ in range(5)]

    assert turns == [(batch, 0), (batch, 1), (batch, 2), (batch, 3), None]


def test_what_is_cancelled_is_not_handed_out() -> None:
    gone, waiting = ticket(3), ticket(1)
    queue = queue_of(gone, waiting)

    queue.cancel(gone)

    assert queue.pending == 1
    assert queue.take() == (waiting, 0)
    assert queue.take() is None


def test_cancelling_twice_counts_once() -> None:
    gone = ticket(3)
    queue = queue_of(gone, ticket(2))

    queue.cancel(gone)
    queue.cancel(gone)

    assert queue.pending == 2


def test_a_single_request_is_ahead_of_the_rest_of_a_batch() -> None:
    queue = queue_of(ticket(500), ticket(1))

    assert queue.items_before_completion(1) == 3
    assert queue.items_before_completion(100) == 100 + 100 + 1
