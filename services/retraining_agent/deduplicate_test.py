from services.retraining_agent.deduplicate import SeenEvents


def test_only_the_first_of_equal_ids_is_new() -> None:
    seen = SeenEvents()

    assert seen.first_seen(["a", "b", "a"]) == [True, True, False]
    assert seen.first_seen(["c", "b"]) == [True, False]


def test_ids_are_remembered_over_many_batches() -> None:
    seen = SeenEvents()
    batches = [[f"{batch}-{row}" for row in range(7)] for batch in range(100)]

    for batch in batches:
        seen.first_seen(batch)

    assert len(seen) == 700
    assert not any(any(seen.first_seen(batch)) for batch in batches)


def test_an_empty_batch_is_answered_with_nothing() -> None:
    assert SeenEvents().first_seen([]) == []
