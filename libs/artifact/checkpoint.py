"""The checkpoint: what the trainer writes and the exporter reads. Knows no torch.

A folder with `config.json`, `model.safetensors`, `tokenizer.json`, the trainer's evidence, and
`checkpoint.json`; the last names the others with their digests, and its own SHA-256 is the
checkpoint digest.
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from libs.artifact.errors import CorruptArtifactError, ManifestError
from libs.artifact.files import FileEntry, Sha256, is_plain_name, verify_files
from libs.artifact.manifest import Scalar, Text
from libs.heads.postprocess import DecisionRule
from libs.heads.spec import HeadSpec
from libs.labels.schema import LabelSchema
from libs.text.truncation import TruncationSpec

CHECKPOINT_FILE = "checkpoint.json"
REQUIRED_FILES = frozenset({"config.json", "model.safetensors", "tokenizer.json"})


class CheckpointInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything about a trained model that is not a weight."""

    format_version: Literal[1] = 1
    label_schema: LabelSchema
    head: HeadSpec
    encoder_name: Text
    truncation: TruncationSpec
    temperature: Annotated[float, msgspec.Meta(gt=0)]
    review_threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    training_data_fingerprint: Sha256
    hyperparameters: dict[str, Scalar]
    evaluation: dict[str, Scalar]
    code_revision: Text
    created_at: Annotated[datetime, msgspec.Meta(tz=True)]
    files: dict[str, FileEntry]

    @property
    def decision_rule(self) -> DecisionRule:
        return DecisionRule(self.label_schema, self.temperature, self.review_threshold)

    def to_bytes(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint on disk."""

    directory: Path
    info: CheckpointInfo
    digest: str


def write_checkpoint_info(directory: Path, info: CheckpointInfo) -> Checkpoint:
    """Write `checkpoint.json` beside the files that it names; raises ArtifactError."""
    _check_names(directory / CHECKPOINT_FILE, info)
    verify_files(directory, info.files)
    temporary = directory / f".{CHECKPOINT_FILE}.tmp"
    temporary.write_bytes(info.to_bytes())
    os.replace(temporary, directory / CHECKPOINT_FILE)
    return open_checkpoint(directory)


def open_checkpoint(directory: Path) -> Checkpoint:
    """Read and verify a checkpoint folder; raises ManifestError or CorruptArtifactError."""
    path = directory / CHECKPOINT_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorruptArtifactError(f"{path} cannot be read: {error.strerror}") from error
    try:
        info = msgspec.json.decode(content, type=CheckpointInfo)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(f"{path}: {error}") from error
    _check_names(path, info)
    verify_files(directory, info.files)
    return Checkpoint(directory, info, hashlib.sha256(content).hexdigest())


def _check_names(path: Path, info: CheckpointInfo) -> None:
    for missing in sorted(REQUIRED_FILES - info.files.keys()):
        raise ManifestError(f"{path}: files lacks {missing}")
    for name in info.files:
        if not is_plain_name(name) or name == CHECKPOINT_FILE:
            raise ManifestError(f"{path}: files names {name!r}: expected a plain relative path")
