"""A verified artifact made ready: narratives in, predictions out. Knows no HTTP and no queue."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from libs.artifact.archive import Artifact
from libs.events.invocations import ErrorBody, ItemError, ModelIdentity, Prediction
from libs.heads.postprocess import Decision
from libs.text.errors import InvalidNarrativeError
from libs.text.tokenizer import EncodedNarrative, NarrativeTokenizer
from services.serving.pool_spec import Pool

Answer = Prediction | ItemError

SELF_TEST_NARRATIVE = (
    "I disputed an account on my credit report that is not mine and the bank never answered. " * 40
)


class Observer(Protocol):
    """Hears how long the stages take and what was decided."""

    def tokenized(self, seconds: float) -> None: ...
    def inferred(self, seconds: float) -> None: ...
    def predicted(self, prediction: Prediction) -> None: ...


class NoObserver:
    def tokenized(self, seconds: float) -> None:
        """Nobody listens."""

    def inferred(self, seconds: float) -> None:
        """Nobody listens."""

    def predicted(self, prediction: Prediction) -> None:
        """Nobody listens."""


@dataclass
class Classifier:
    """Tokenizer, sessions and decision rule of one artifact. Safe to share between threads."""

    artifact: Artifact
    tokenizer: NarrativeTokenizer
    pool: Pool
    observer: Observer = field(default_factory=NoObserver)

    def __post_init__(self) -> None:
        self._rule = self.artifact.manifest.decision_rule

    @property
    def identity(self) -> ModelIdentity:
        manifest = self.artifact.manifest
        return ModelIdentity(manifest.name, manifest.version, self.artifact.digest)

    def classify(self, narratives: Sequence[str], is_alone: bool = False) -> list[Answer]:
        """Answer each narrative; what cannot be classified gets an ItemError in its place."""
        began_at = time.perf_counter()
        encoded = [self._encode(narrative) for narrative in narratives]
        tokenized_at = time.perf_counter()
        self.observer.tokenized((tokenized_at - began_at) / len(narratives))
        valid = [entry for entry in encoded if isinstance(entry, EncodedNarrative)]
        if not valid:
            return [entry for entry in encoded if isinstance(entry, ItemError)]
        logits = iter(self.pool.run([entry.input_ids for entry in valid], is_alone))
        self.observer.inferred(time.perf_counter() - tokenized_at)
        return [
            entry
            if isinstance(entry, ItemError)
            else self._predict(entry, self._rule.decide(next(logits)))
            for entry in encoded
        ]

    def self_test(self) -> float:
        """Answer a known narrative on every session; returns one narrow run's seconds.

        Raises LogitsError or the runtime's error when the model does not answer.
        """
        sequence = self.tokenizer.encode(SELF_TEST_NARRATIVE).input_ids
        for logits in self.pool.run([sequence], is_alone=False):
            self._rule.decide(logits)
        return self.pool.calibrate(sequence)

    def _encode(self, narrative: str) -> EncodedNarrative | ItemError:
        try:
            return self.tokenizer.encode(narrative)
        except InvalidNarrativeError as error:
            return ItemError(ErrorBody("invalid_narrative", str(error)))

    def _predict(self, encoded: EncodedNarrative, decision: Decision) -> Prediction:
        prediction = Prediction(
            label=decision.label_name,
            confidence=decision.confidence,
            scores=dict(zip(self._rule.schema.names, decision.probabilities, strict=True)),
            needs_review=decision.needs_review,
            is_truncated=encoded.is_truncated,
            tokens=encoded.token_count,
        )
        self.observer.predicted(prediction)
        return prediction
