"""An artifact that answers: its graph in a session, its tokenizer and its temperature."""

from collections.abc import Callable

from libs.artifact.archive import Artifact
from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE
from libs.text.tokenizer import NarrativeTokenizer
from services.onnx_exporter.agreement import Floats, run_probabilities
from services.onnx_exporter.latency import Run, prepare_runs
from services.onnx_exporter.narratives import NarrativeSet
from services.onnx_exporter.onnx_classifier import OnnxClassifier

LATENCY_NARRATIVES = 100


class OpenedModel:
    """A verified artifact, loaded."""

    def __init__(self, artifact: Artifact, threads: int) -> None:
        self.artifact = artifact
        self.manifest = artifact.manifest
        self.model = OnnxClassifier(artifact.path(MODEL_FILE), threads)
        self.tokenizer = NarrativeTokenizer.from_file(
            artifact.path(TOKENIZER_FILE), self.manifest.truncation
        )

    def probabilities(self, narratives: NarrativeSet, advance: Callable[[], None]) -> Floats:
        encoded = [item.input_ids for item in self.tokenizer.encode_batch(narratives.texts)]
        return run_probabilities(self.model, encoded, self.manifest.temperature, advance)

    def runs(self, narratives: NarrativeSet) -> Run:
        encoded = self.tokenizer.encode_batch(narratives.texts[:LATENCY_NARRATIVES])
        stream = [token for item in encoded for token in item.input_ids]
        return prepare_runs(self.model.logits, stream)
