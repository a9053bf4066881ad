import csv
import io
import json
from pathlib import Path

import pytest

from services.retraining_agent.errors import BadInputError
from services.retraining_agent.review_file import encode_queue, judge_rows, read_review_file
from services.retraining_agent.review_queue import QueueItem
from services.retraining_agent.testing.traffic import START

ITEM = QueueItem(
    event_id="shard:1",
    complaint_id="c1",
    received_at="2026-01-10T00:00:00+00:00",
    text="=1+1, odd",
    predicted_label="credit_card",
    confidence=0.4,
    priority=0.9,
    reason="uncertain",
)


def filled(path: Path, **changes: str) -> Path:
    """Fill in the first row of an exported queue."""
    if path.suffix == ".json":
        path.write_text(json.dumps([{**json.loads(path.read_text())[0], **changes}]))
        return path
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerow({**rows[0], **changes})
    return path


@pytest.mark.parametrize("name", ["queue.csv", "queue.json"])
def test_an_exported_queue_comes_back_as_reviews(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encode_queue([ITEM], is_json=path.suffix == ".json"))

    rows = read_review_file(filled(path, true_label="debt_collection", note="-5 dollars"))
    judged = judge_rows(rows, {"shard:1"}, "ana", START)

    (review,) = judged.reviews
    assert rows[0]["text"] == ITEM.text
    assert (review.event_id, review.true_label, review.reviewer) == (
        "shard:1",
        "debt_collection",
        "ana",
    )


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    assert "'=1+1" in encode_queue([ITEM], is_json=False).decode()


def test_unknown_labels_and_ids_are_refused_by_row_and_empty_rows_are_left() -> None:
    rows = [
        {"event_id": "shard:1", "true_label": "payday"},
        {"event_id": "shard:9", "true_label": "credit_card"},
        {"event_id": "shard:1", "true_label": ""},
        {"event_id": "shard:1", "true_label": "credit_card", "reviewer": "bob"},
    ]

    judged = judge_rows(rows, {"shard:1"}, "ana", START)

    assert [refusal.row for refusal in judged.refusals] == [1, 2]
    assert judged.refusals[0].reason.startswith("true_label is 'payday': expected one of")
    assert judged.empty_rows == 1
    assert [review.reviewer for review in judged.reviews] == ["bob"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("event_id,label\n1,x\n", "column true_label"),
        ("event_id,true_label\n", "no rows"),
        ("event_id,true_label\n1,x,y\n", "more or fewer cells"),
        ("[1]", "list of objects"),
    ],
)
def test_a_file_that_is_no_queue_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "queue.csv"
    path.write_text(content)

    with pytest.raises(BadInputError, match=message):
        read_review_file(path)
