"""MODEL_CARD.md, written from the checkpoint's evaluation and the verification's results."""

from libs.artifact.checkpoint import Checkpoint
from libs.artifact.manifest import Scalar
from services.onnx_exporter.agreement import AgreementReport
from services.onnx_exporter.gate import Measurements
from services.onnx_exporter.workspace import QuantizeReport, VerifyReport

INTENDED_USE = """\
## Intended use

Sends a consumer's complaint, in English, to one of the desks named below, with a probability that
says how sure it is. Below the review threshold a person decides.

It must not be used to judge the person who complains, to decide a complaint, to score a company, or
without a person in the loop where a wrong desk does harm. It knows nothing of languages other than
English, nor of products that are not in the list.
"""


def render_model_card(
    title: str, checkpoint: Checkpoint, quantized: QuantizeReport, verified: VerifyReport
) -> str:
    """Return the card; the same inputs give the same text."""
    sections = [
        f"# {title}\n",
        INTENDED_USE,
        _model(checkpoint, quantized, verified),
        _evaluation(checkpoint.info.evaluation),
        _verification(verified.measured),
    ]
    return "\n".join(sections)


def _model(checkpoint: Checkpoint, quantized: QuantizeReport, verified: VerifyReport) -> str:
    info = checkpoint.info
    return _section(
        "Model",
        {
            "encoder": info.encoder_name,
            "head": f"{info.head.kind}, {info.head.bottleneck} wide",
            "labels": ", ".join(info.label_schema.names),
            "longest input": f"{info.truncation.max_length} tokens ({info.truncation.strategy})",
            "temperature": f"{info.temperature:.4g}",
            "review below": f"{info.review_threshold:.2f}",
            "precision": quantized.precision,
            "one narrative per run": "yes" if verified.one_narrative_per_run else "no",
            "checkpoint": checkpoint.digest,
            "training data": info.training_data_fingerprint,
            "trained": f"{info.created_at:%Y-%m-%d}, code {info.code_revision}",
        },
    )


def _evaluation(evaluation: dict[str, Scalar]) -> str:
    if not evaluation:
        return "## Evaluation\n\nThe checkpoint came without an evaluation.\n"
    return _section("Evaluation", {name: _number(value) for name, value in evaluation.items()})


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
