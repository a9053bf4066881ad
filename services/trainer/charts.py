"""The report's figures as PNG bytes. Draws what it is given; computes nothing."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from libs.labels.schema import LABEL_SCHEMA
from services.trainer.evaluate import Evaluation

BLUE, ORANGE, GREY = "#2563a8", "#c8641c", "#8a8f98"


def draw_charts(evaluation: Evaluation, names: Sequence[str]) -> dict[str, bytes]:
    """Return the PNG of every chart by file name."""
    return {
        "confusion.png": _confusion(evaluation, names),
        "reliability.png": _reliability(evaluation),
        "coverage.png": _coverage(evaluation),
        "precision_recall.png": _precision_recall(evaluation, names),
    }


def _confusion(evaluation: Evaluation, names: Sequence[str]) -> bytes:
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.2, 5.2), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return _png(figure)


def _reliability(evaluation: Evaluation) -> bytes:
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    bins = evaluation.reliability
    most = max(one.rows for one in bins)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
    axes.bar(
        [one.low for one in bins],
        [one.rows / most * 0.25 for one in bins],
        width=[one.high - one.low for one in bins],
        align="edge",
        color=GREY,
        alpha=0.3,
        label="share of rows (scaled)",
    )
    axes.plot(
        [one.confidence for one in bins],
        [one.accuracy for one in bins],
        color=BLUE,
        marker="o",
        label="this model",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    axes.legend(fontsize=8, loc="upper left")
    return _png(figure)


def _coverage(evaluation: Evaluation) -> bytes:
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    points = evaluation.coverage
    axes.plot(
        [point.coverage for point in points],
        [point.accuracy for point in points],
        color=BLUE,
        marker="o",
        markersize=4,
    )
    axes.plot(
        [evaluation.review_coverage],
        [evaluation.review_accuracy],
        color=ORANGE,
        marker="D",
        linestyle="none",
        label=f"review threshold {evaluation.review_threshold:.3f}",
    )
    axes.set(xlim=(0, 1.02), xlabel="share answered without review", ylabel="their accuracy")
    axes.legend(fontsize=8, loc="lower left")
    axes.grid(alpha=0.3)
    return _png(figure)


def _precision_recall(evaluation: Evaluation, names: Sequence[str]) -> bytes:
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    display = dict(zip(LABEL_SCHEMA.names, names, strict=True))
    for curve in evaluation.precision_recall:
        axes.plot(
            [point.recall for point in curve.points],
            [point.precision for point in curve.points],
            label=f"{display[curve.label]} {curve.average_precision:.3f}",
        )
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.legend(fontsize=8, loc="lower left", title="average precision", title_fontsize=8)
    axes.grid(alpha=0.3)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
