"""The figures of an artifact, measured on its own graph: what its model card quotes."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from libs.artifact.files import Sha256
from libs.artifact.manifest import Identifier
from libs.evaluation.figures import Figures, measure_figures
from services.onnx_exporter.errors import NarrativesError
from services.onnx_exporter.inspection import open_any
from services.onnx_exporter.narratives import NarrativeSet
from services.onnx_exporter.opened_model import OpenedModel


class ArtifactFigures(msgspec.Struct, frozen=True, kw_only=True):
    name: Identifier
    version: Identifier
    digest: Sha256
    source: str
    """The file of narratives."""
    figures: Figures


def measure_artifact(
    path: Path, narratives: NarrativeSet, threads: int, advance: Callable[[], None]
) -> ArtifactFigures:
    """Run the artifact on labelled narratives; raises ArtifactError or NarrativesError."""
    if not narratives.is_given:
        raise NarrativesError("--narratives is missing: figures want labelled complaints")
    with open_any(path) as artifact:
        probabilities = OpenedModel(artifact, threads).probabilities(narratives, advance)
        label_ids = np.array([item.label_id for item in narratives.narratives], dtype=np.int64)
        return ArtifactFigures(
            name=artifact.manifest.name,
            version=artifact.manifest.version,
            digest=artifact.digest,
            source=narratives.source,
            figures=measure_figures(probabilities, label_ids, artifact.manifest.decision_rule),
        )
