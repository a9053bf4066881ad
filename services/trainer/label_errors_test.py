import numpy as np
import pyarrow as pa

from services.trainer.label_errors import find_label_errors, quote_rows

ROWS = 200
TRUE = np.arange(ROWS) % 5
PROBABILITIES = 0.9 * np.eye(5)[TRUE] + 0.02


def test_a_swapped_label_is_found_and_what_the_model_says_is_suggested() -> None:
    given = TRUE.copy()
    given[[15, 26]] = 3

    found = find_label_errors(PROBABILITIES, given, np.arange(1, ROWS + 1), limit=10)

    assert found.count == 2
    assert [(error.row, error.given, error.suggested) for error in found.likeliest] == [
        (16, "mortgages_and_loans", "credit_card"),
        (27, "mortgages_and_loans", "credit_reporting"),
    ]


def test_no_row_is_accused_where_model_and_file_agree() -> None:
    found = find_label_errors(PROBABILITIES, TRUE, np.arange(ROWS), limit=10)

    assert (found.count, found.likeliest) == (0, [])


def test_a_list_is_as_long_as_wanted_and_the_count_whole() -> None:
    given = np.where(np.arange(ROWS) % 20 == 0, 1, TRUE)

    found = find_label_errors(PROBABILITIES, given, np.arange(ROWS), limit=3)

    assert (found.count, len(found.likeliest)) == (10, 3)


def test_a_quote_is_the_beginning_of_the_narrative_and_no_text_if_none_is_wanted() -> None:
    given = np.where(np.arange(ROWS) == 5, 1, TRUE)
    errors = find_label_errors(PROBABILITIES, given, np.arange(ROWS), limit=3).likeliest
    batch = pa.RecordBatch.from_pydict(
        {
            "row": list(range(ROWS)),
            "narrative": ["They\nnever answered"] * ROWS,
            "complaint_id": ["C-1"] * ROWS,
        }
    )

    quotes = {length: quote_rows([batch], errors, length)[5] for length in (0, 10, 100)}

    assert {length: quote.excerpt for length, quote in quotes.items()} == {
        0: "",
        10: "They never…",
        100: "They never answered",
    }
    assert quotes[0].complaint_id == "C-1"


def test_rows_prepared_before_ids_were_kept_are_quoted_without() -> None:
    given = np.where(np.arange(ROWS) == 5, 1, TRUE)
    errors = find_label_errors(PROBABILITIES, given, np.arange(ROWS), limit=3).likeliest
    batch = pa.RecordBatch.from_pydict({"row": [5], "narrative": ["Fraud"]})

    assert quote_rows([batch], errors, 10)[5].complaint_id is None
