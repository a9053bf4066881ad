"""The evaluation report: one self-contained page, the same as JSON, and its charts as PNG."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from libs.labels.schema import LABEL_SCHEMA
from services.trainer.calibrate import Calibration
from services.trainer.charts import draw_charts
from services.trainer.config import TrainerConfig
from services.trainer.evaluate import Evaluation
from services.trainer.fit import FitOutcome
from services.trainer.label_errors import Quote
from services.trainer.latency import LatencyPoint
from services.trainer.prepare import PreparedSummary

REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
TEMPLATE = "report.html.j2"


class CandidateScore(msgspec.Struct, frozen=True):
    """How one seed of a run of several came out, or the average of their weights."""

    name: str
    validation_macro_f1: float
    macro_f1: float
    """On the rows of this report, which chose nothing."""


class ReportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the report says of the model before it comes to figures."""

    title: str
    created_at: str
    model: dict[str, str | int | float | bool]
    data: PreparedSummary | None
    """None for a checkpoint that is judged on a file of its own."""
    warnings: list[str]
    candidates: list[CandidateScore] = []
    """Of a run with several seeds."""


@dataclass(frozen=True)
class Appendix:
    """What stands beside the figures: how fast the model answers, and which rows to look at."""

    latency: Sequence[LatencyPoint]
    quotes: Mapping[int, Quote]
    """Of the likely label errors, by row. Their text is for the page alone."""


def build_facts(
    data: PreparedSummary,
    config: TrainerConfig,
    calibration: Calibration,
    outcome: FitOutcome,
    now: datetime,
) -> ReportFacts:
    """Gather what a reader has to know before the figures, doubts first."""
    return ReportFacts(
        title="Complaint classifier: evaluation",
        created_at=now.strftime("%Y-%m-%d %H:%M %Z"),
        model={
            "encoder": config.encoder.name,
            "head": config.head.kind,
            "max length": f"{config.encoder.max_length} tokens, {config.encoder.truncation}",
            "loss": f"{config.loss.kind}, label smoothing {config.loss.label_smoothing:g}",
            "best epoch": f"{outcome.best.epoch:g} (step {outcome.best.step})",
            "macro F1 on validation": f"{outcome.best.macro_f1:.3f}",
            "training": f"{outcome.examples_per_second:.0f} examples/s, {outcome.precision}",
            "temperature": f"{calibration.temperature:.3f}",
            "review threshold": f"{calibration.review_threshold:.3f}",
            "split": config.data.split,
            "seed": config.fit.seed,
        },
        data=data,
        warnings=_warnings(data, config, calibration),
    )


def _warnings(data: PreparedSummary, config: TrainerConfig, calibration: Calibration) -> list[str]:
    warnings = []
    if not data.has_test_rows:
        warnings.append(
            "No rows were kept for testing: these are the validation rows, which also chose "
            "the epoch, the temperature and the review threshold."
        )
    if data.leaking_rows:
        warnings.append(
            f"{data.leaking_rows:,} held-out rows have a near duplicate among the training rows: "
            "these figures flatter the model."
        )
    if calibration.review_threshold >= 1:
        warnings.append(
            f"No confidence was {config.calibration.wanted_accuracy:.0%} accurate on the "
            "validation rows: every prediction goes to review."
        )
    return warnings


def write_report(
    evaluation: Evaluation, facts: ReportFacts, appendix: Appendix, directory: Path
) -> list[str]:
    """Write report.html, report.json and the charts; return their names."""
    charts = draw_charts(evaluation, LABEL_SCHEMA.display_names)
    for name, content in charts.items():
        (directory / name).write_bytes(content)
    document = {
        "facts": facts,
        "evaluation": evaluation,
        "latency": appendix.latency,
        "complaint_ids": {row: quote.complaint_id for row, quote in appendix.quotes.items()},
    }
    (directory / REPORT_JSON).write_bytes(msgspec.json.format(msgspec.json.encode(document)))
    html = render_report(evaluation, facts, appendix, charts)
    (directory / REPORT_HTML).write_text(html, encoding="utf-8")
    return [REPORT_HTML, REPORT_JSON, *charts]


def render_report(
    evaluation: Evaluation, facts: ReportFacts, appendix: Appendix, charts: Mapping[str, bytes]
) -> str:
    """Return the page; nothing in it is loaded from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    images = {
        name.removesuffix(".png"): "data:image/png;base64," + base64.b64encode(content).decode()
        for name, content in charts.items()
    }
    return environment.get_template(TEMPLATE).render(
        evaluation=evaluation,
        facts=facts,
        appendix=appendix,
        images=images,
        schema=LABEL_SCHEMA,
        display=dict(zip(LABEL_SCHEMA.names, LABEL_SCHEMA.display_names, strict=True)),
    )
