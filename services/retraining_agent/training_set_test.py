from libs.events.review import Review
from services.retraining_agent.labelled_complaints import LabelledComplaints
from services.retraining_agent.leak_guard import LeakGuard
from services.retraining_agent.reviewed_rows import ReviewedRow
from services.retraining_agent.testing.traffic import DIGEST, START
from services.retraining_agent.training_set import assemble, is_kept_for_proof

FROZEN = "I was charged a late fee although I paid my bill three days before it was due"


def reviewed(number: int, text: str, label: str = "credit_card") -> ReviewedRow:
    event_id = f"shard:{number}"
    review = Review(event_id=event_id, true_label=label, reviewer="ana", reviewed_at=START)
    return ReviewedRow(event_id, f"c{number}", text, "retail_banking", 0.5, DIGEST, review)


def base(*rows: tuple[str, str, str]) -> LabelledComplaints:
    texts, labels, ids = zip(*rows, strict=True)
    return LabelledComplaints(texts, labels, ids)


def test_base_and_reviews_are_learned_from_together() -> None:
    rows = base(("an old complaint about a loan", "mortgages_and_loans", "b1"))

    found = assemble(rows, [reviewed(1, "my card was declined at the shop")], [FROZEN])

    assert found.rows.labels == ("mortgages_and_loans", "credit_card")
    assert (found.base_rows, found.review_rows) == (1, 1)


def test_a_review_of_a_base_complaint_replaces_it() -> None:
    rows = base(("my card was declined", "retail_banking", "c1"), ("a loan", "credit_card", "b2"))

    found = assemble(rows, [reviewed(1, "my card was declined", "credit_card")], [])

    assert found.replaced_base_rows == 1
    assert found.rows.complaint_ids == ("b2", "c1")


def test_frozen_rows_and_what_is_nearly_one_of_them_are_left_out() -> None:
    copy = FROZEN.upper().replace(" ", "  ")
    near = FROZEN.replace("three days", "some days")
    rows = base((copy, "credit_card", "b1"), ("a loan nobody asked for", "credit_card", "b2"))

    found = assemble(rows, [reviewed(1, near)], [FROZEN])

    assert (found.leaked_base_rows, found.leaked_review_rows) == (1, 1)
    assert found.rows.complaint_ids == ("b2",)


def test_a_frozen_text_inside_a_longer_one_is_found() -> None:
    longer = f"{'Dear bureau, ' * 3} {FROZEN} and so on and on, and nobody answers my calls"

    assert LeakGuard([FROZEN]).leaks(longer)


def test_another_complaint_of_the_same_topic_is_no_leak() -> None:
    other = "A late fee was charged on my card because the payment site was down all weekend"

    assert not LeakGuard([FROZEN]).leaks(other)


def test_the_rows_kept_for_proofs_never_change_and_are_the_share_asked_for() -> None:
    ids = [f"shard:{number}" for number in range(5000)]

    kept = [event_id for event_id in ids if is_kept_for_proof(event_id, 0.2)]

    assert 900 < len(kept) < 1100
    assert is_kept_for_proof("shard:1", 0.2) == is_kept_for_proof("shard:1", 0.2)
    assert set(kept) <= {one for one in ids if is_kept_for_proof(one, 0.3)}
