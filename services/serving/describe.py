"""What the container tells of itself: /model and /execution-parameters."""

from datetime import datetime
from typing import Any

import msgspec

from services.serving.classifier import Classifier


class ExecutionParameters(msgspec.Struct, frozen=True, rename="pascal"):
    """How SageMaker batch transform is to call; the names are SageMaker's."""

    max_concurrent_transforms: int
    batch_strategy: str = "MULTI_RECORD"
    max_payload_in_mb: int = msgspec.field(default=1, name="MaxPayloadInMB")


class ModelDescription(msgspec.Struct, frozen=True):
    """Which artifact answers, and how it is run here."""

    name: str
    version: str
    digest: str
    labels: dict[str, str]
    label_schema_digest: str
    encoder: str
    precision: str
    max_length: int
    truncation_strategy: str
    temperature: float
    review_threshold: float
    evaluation: dict[str, Any]
    code_revision: str
    created_at: datetime
    providers: tuple[str, ...]
    cores: int
    uses_wide_session: bool
    """A single request is computed by all cores: measured faster here, and equal to the bit."""


def describe_model(classifier: Classifier) -> ModelDescription:
    """Gather what /model answers."""
    manifest = classifier.artifact.manifest
    schema = manifest.label_schema
    return ModelDescription(
        name=manifest.name,
        version=manifest.version,
        digest=classifier.artifact.digest,
        labels=dict(zip(schema.names, schema.display_names, strict=True)),
        label_schema_digest=manifest.label_schema_digest,
        encoder=manifest.encoder.name,
        precision=manifest.graph.precision,
        max_length=manifest.truncation.max_length,
        truncation_strategy=manifest.truncation.strategy,
        temperature=manifest.temperature,
        review_threshold=manifest.review_threshold,
        evaluation=manifest.evaluation,
        code_revision=manifest.code_revision,
        created_at=manifest.created_at,
        providers=classifier.pool.spec.providers,
        cores=classifier.pool.spec.cores,
        uses_wide_session=classifier.pool.uses_wide,
    )
