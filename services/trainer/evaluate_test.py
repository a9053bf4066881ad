import json
import re
from pathlib import Path

import numpy as np
import pytest

from libs.heads.postprocess import DecisionRule
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.charts import draw_charts
from services.trainer.dataset import TokenizedSplit
from services.trainer.evaluate import Evaluation, EvaluationTask, evaluate
from services.trainer.label_errors import Quote
from services.trainer.latency import LatencyPoint
from services.trainer.prepare import PreparedSummary
from services.trainer.report import Appendix, ReportFacts, render_report, write_report

ROWS = 400


def split_of(label_ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> TokenizedSplit:
    return TokenizedSplit(
        tokens=np.zeros(ROWS * 10, dtype=np.uint16),
        offsets=np.arange(ROWS + 1) * 10,
        label_ids=label_ids,
        token_counts=np.where(np.arange(ROWS) < 100, 300, 10),
        rows=np.arange(ROWS),
        years=np.where(np.arange(ROWS) % 2, 2024, 0),
        sources=("web<b>",) * ROWS,
        variants=(None,) * ROWS,
        issues=(None,) * ROWS,
    )


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    generator = np.random.default_rng(8)
    label_ids = generator.integers(0, 5, ROWS)
    logits = generator.normal(0, 1, (ROWS, 5)) + 3 * np.eye(5)[label_ids]
    rival = np.where(generator.random(ROWS) < 0.5, label_ids, 0)
    task = EvaluationTask(
        logits=logits,
        split=split_of(label_ids),
        rule=DecisionRule(LABEL_SCHEMA, 1.0, 0.8),
        rivals={"coin": rival, "itself": logits.argmax(axis=1)},
        bootstrap_samples=200,
        seed=1,
        label_errors=5,
    )
    return evaluate(task)


def test_a_better_model_leads_and_an_equal_one_ties(evaluation: Evaluation) -> None:
    coin, itself = evaluation.comparisons

    assert coin.lead.low > 0
    assert (itself.lead.low, itself.lead.value, itself.lead.high) == (0, 0, 0)


def test_slices_cover_the_rows_of_their_kind(evaluation: Evaluation) -> None:
    rows = {(one.by, one.value): one.rows for one in evaluation.slices}

    assert rows["truncated", "yes"] == 100
    assert rows["year", "2024"] + rows["year", "unknown"] == ROWS
    assert evaluation.truncated == 0.25


def test_the_review_figures_are_of_the_rows_above_the_threshold(evaluation: Evaluation) -> None:
    assert 0 < evaluation.review_coverage < 1
    assert evaluation.review_accuracy > evaluation.accuracy.value


def test_the_page_loads_nothing_and_escapes_what_the_data_says(evaluation: Evaluation) -> None:
    summary = PreparedSummary(
        rows=500,
        omitted={"unknown label": 3},
        splits={name: dict.fromkeys(LABEL_SCHEMA.names, 20) for name in ("train", "test")},
        clusters=2,
        rows_in_clusters=9,
        leaking_rows=0,
        training_data_fingerprint="0" * 64,
    )
    facts = ReportFacts(
        title="T", created_at="now", model={"encoder": "x"}, data=summary, warnings=["Beware"]
    )

    errors = evaluation.label_errors.likeliest
    appendix = Appendix([LatencyPoint(64, 1.25)], {errors[0].row: Quote("C-1", "<i>paid</i>")})

    page = render_report(
        evaluation, facts, appendix, draw_charts(evaluation, LABEL_SCHEMA.display_names)
    )

    assert "web&lt;b&gt;" in page
    assert "&lt;i&gt;paid" in page
    assert "Beware" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count("data:image/png;base64,") == 4


def test_the_figures_for_programs_hold_no_text_of_a_complaint(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    facts = ReportFacts(title="T", created_at="now", model={}, data=None, warnings=[])
    row = evaluation.label_errors.likeliest[0].row
    appendix = Appendix([], {row: Quote("C-1", "they never answered")})

    write_report(evaluation, facts, appendix, tmp_path)

    content = (tmp_path / "report.json").read_text()
    assert "they never answered" in (tmp_path / "report.html").read_text()
    assert "they never answered" not in content
    assert json.loads(content)["complaint_ids"] == {str(row): "C-1"}
