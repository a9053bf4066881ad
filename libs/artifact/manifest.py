"""The manifest of an artifact, format version 1 (contract 7). Knows no archive and no runtime."""

import hashlib
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from libs.artifact.errors import ManifestError
from libs.artifact.files import FileEntry, Sha256
from libs.heads.postprocess import DecisionRule
from libs.heads.spec import HeadSpec
from libs.labels.schema import LabelSchema
from libs.text.truncation import TruncationSpec

FORMAT_VERSION: Literal[1] = 1
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
SCRIPT_FILE = "code/inference.py"
MODEL_CARD_FILE = "MODEL_CARD.md"
FILES = frozenset({MODEL_FILE, TOKENIZER_FILE, SCRIPT_FILE, MODEL_CARD_FILE})
"""Every file of an artifact but the manifest."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Identifier = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}\\Z")]
"""Fit for a file name, a key in an object store and a metric's label."""
Precision = Literal["fp32", "fp16", "int8_dynamic", "int8_static", "int8_mixed"]
Scalar = str | int | float | bool | None


class EncoderInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights come from."""

    name: Text
    checkpoint_digest: Sha256


class GraphInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the ONNX graph was made. It takes `input_ids` and `attention_mask`, both
    (batch, length) int64, and gives `logits` (batch, num_labels) float32; temperature and softmax
    stay outside."""

    precision: Precision
    opset: Annotated[int, msgspec.Meta(ge=13)]
    quantization: dict[str, Scalar]
    one_narrative_per_run: bool
    """True when an answer depends on what a narrative is batched or padded with."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that serving has to know of the model, and the digest of every other file."""

    format_version: Literal[1] = FORMAT_VERSION
    name: Identifier
    version: Identifier
    label_schema: LabelSchema
    label_schema_digest: Sha256
    head: HeadSpec
    encoder: EncoderInfo
    truncation: TruncationSpec
    temperature: Annotated[float, msgspec.Meta(gt=0)]
    review_threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    graph: GraphInfo
    training_data_fingerprint: Sha256
    evaluation: dict[str, Scalar]
    code_revision: Text
    created_at: Annotated[datetime, msgspec.Meta(tz=True)]
    files: dict[str, FileEntry]

    @property
    def decision_rule(self) -> DecisionRule:
        return DecisionRule(self.label_schema, self.temperature, self.review_threshold)

    def to_bytes(self) -> bytes:
        """Return the canonical JSON; its SHA-256 is the model digest."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"


def model_digest(manifest_content: bytes) -> str:
    """Return the SHA-256 (hex) of a manifest file's content: the digest of the whole model."""
    return hashlib.sha256(manifest_content).hexdigest()


def read_manifest(content: bytes) -> Manifest:
    """Decode and check a manifest file; raises ManifestError naming the field."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(f"{MANIFEST_FILE}: {error}") from error
    if manifest.label_schema.digest != manifest.label_schema_digest:
        raise ManifestError(f"{MANIFEST_FILE}: label_schema_digest is not that of label_schema")
    if manifest.head.num_labels != len(manifest.label_schema):
        raise ManifestError(
            f"{MANIFEST_FILE}: head.num_labels is {manifest.head.num_labels}: "
            f"expected {len(manifest.label_schema)}, one a label"
        )
    _check_file_names(manifest)
    return manifest


def _check_file_names(manifest: Manifest) -> None:
    for missing in sorted(FILES - manifest.files.keys()):
        raise ManifestError(f"{MANIFEST_FILE}: files lacks {missing}")
    for unknown in sorted(manifest.files.keys() - FILES):
        raise ManifestError(
            f"{MANIFEST_FILE}: files names {unknown!r}: expected {', '.join(sorted(FILES))}"
        )
