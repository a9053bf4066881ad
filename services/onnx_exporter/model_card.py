"""MODEL_CARD.md, written from the checkpoint's evaluation and the verification's results."""

from libs.artifact.manifest import Scalar
from libs.evaluation.figures import Figures
from libs.evaluation.metrics import Interval
from services.onnx_exporter.agreement import AgreementReport
from services.onnx_exporter.export import TrainedModel
from services.onnx_exporter.gate import Measurements
from services.onnx_exporter.release import Release
from services.onnx_exporter.workspace import QuantizeReport, VerifyReport

INTENDED_USE = """\
## Intended use

Sends a consumer's complaint, in English, to one of the desks named below, with a probability that
says how sure it is. Below the review threshold a person decides.

It must not be used to judge the person who complains, to decide a complaint, to score a company, or
without a person in the loop where a wrong desk does harm. It knows nothing of languages other than
English, nor of products that are not in the list.
"""


EXAMPLE = "XXXX took {$35.00} out of my account on XX/XX/2020, and they won't return it."
NO_STATEMENT = "Whoever exported this model has not said where its training data comes from.\n"


def render_model_card(
    release: Release, model: TrainedModel, quantized: QuantizeReport, verified: VerifyReport
) -> str:
    """Return the card; the same inputs give the same text."""
    sections = [
        f"# {release.name} {release.version}\n",
        INTENDED_USE,
        f"## Data and its limits\n\n{release.data_statement or NO_STATEMENT}",
        _figures(verified.measured),
        _model(model, quantized, verified),
        _evaluation(model.checkpoint.info.evaluation),
        _verification(verified.measured),
    ]
    return "\n".join(sections)


def figure_rows(figures: Figures) -> dict[str, str]:
    """Return the overall figures as a reader wants them, by name."""
    return {
        "narratives": f"{figures.narratives:,}",
        "macro F1": _interval(figures.macro_f1),
        "weighted F1": _interval(figures.weighted_f1),
        "accuracy": _interval(figures.accuracy),
        "calibration error (ECE)": f"{figures.calibration_error:.4f}",
        "accuracy on the 80 % surest": f"{figures.accuracy_at_80:.4f}",
        "need no review": f"{figures.review_coverage:.1%}, accuracy {figures.review_accuracy:.4f}",
    }


def _interval(interval: Interval) -> str:
    return f"{interval.value:.4f} ({interval.low:.4f} to {interval.high:.4f})"


def _figures(measured: Measurements) -> str:
    """The served graph on the narratives of the verification, with 95 % bootstrap intervals."""
    if measured.figures is None:
        return "## Figures\n\nNo labelled narratives were given to measure this model on.\n"
    overall = _section(
        f"Figures of the served graph on {measured.agreement.source}",
        figure_rows(measured.figures),
    )
    rows = [
        f"| {score.label} | {score.precision:.4f} | {score.recall:.4f} | {score.f1:.4f} "
        f"| {score.support:,} |"
        for score in measured.figures.classes
    ]
    header = ["| label | precision | recall | F1 | narratives |", "|---|---|---|---|---|"]
    return "\n".join(
        [overall, *header, *rows, "", "`onnx_exporter figures` prints them again.", ""]
    )


def _model(model: TrainedModel, quantized: QuantizeReport, verified: VerifyReport) -> str:
    info = model.checkpoint.info
    return _section(
        "Model",
        {
            "encoder": info.encoder_name,
            "head": f"{info.head.kind}, {info.head.bottleneck} wide",
            "sparse branch": f"{info.head.ngrams:,} token n-grams",
            "labels": ", ".join(info.label_schema.names),
            "longest input": f"{info.truncation.max_length} tokens ({info.truncation.strategy})",
            f'reads of "{EXAMPLE}"': model.tokenizer.read_back(EXAMPLE),
            "temperature": f"{info.temperature:.4g}",
            "review below": f"{info.review_threshold:.2f}",
            "precision": quantized.precision,
            "one narrative per run": "yes" if verified.one_narrative_per_run else "no",
            "checkpoint": model.checkpoint.digest,
            "training data": info.training_data_fingerprint,
            "trained": f"{info.created_at:%Y-%m-%d}, code {info.code_revision}",
        },
    )


def _evaluation(evaluation: dict[str, Scalar]) -> str:
    if not evaluation:
        return "## Evaluation\n\nThe checkpoint came without an evaluation.\n"
    return _section(
        "Evaluation of the checkpoint, before quantisation",
        {name: _number(value) for name, value in evaluation.items()},
    )


def _verification(measured: Measurements) -> str:
    agreement = measured.agreement
    return _section(
        "Verification",
        {
            "float32 graph against torch": (
                f"largest logit difference {measured.parity.max_logit_difference:.1e} "
                f"at {min(measured.parity.lengths)} to {max(measured.parity.lengths)} tokens"
            ),
            "tokenizer": f"the same on {measured.tokenization.texts} awkward and plain texts",
            "size": f"{measured.size_bytes:,} bytes, float32 {measured.reference_size_bytes:,}",
            "compared with float32 on": f"{agreement.narratives} narratives ({agreement.source})",
            "labels that changed": f"{agreement.flips} ({agreement.flip_rate:.2%})",
            "mean shift of probability": f"{agreement.mean_probability_shift:.4f}",
            **_labelled_figures(agreement),
        },
    )


def _labelled_figures(agreement: AgreementReport) -> dict[str, str]:
    if agreement.macro_f1 is None:
        return {"macro F1, calibration": "not measured: no labelled narratives were given"}
    return {
        "macro F1": f"{agreement.macro_f1:.4f} ({agreement.macro_f1_loss:.4f} below float32)",
        "calibration error": f"changes by {agreement.ece_change:+.4f}",
    }


def _section(title: str, rows: dict[str, str]) -> str:
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join([f"## {title}", "", "| | |", "|---|---|", *lines, ""])


def _number(value: Scalar) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
