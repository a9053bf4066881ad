"""The checkpoint: what the trainer writes and the exporter reads. Knows no torch.

A folder with `config.json`, `model.safetensors`, `tokenizer.json` and `checkpoint.json`; the last
names the others with their digests, and its own SHA-256 is the checkpoint digest.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from libs.artifact.errors import CorruptArtifactError, ManifestError
from libs.artifact.files import FileEntry, Sha256, verify_files
from libs.artifact.manifest import Scalar, Text
from libs.heads.spec import HeadSpec
from libs.labels.schema import LabelSchema
from libs.text.truncation import TruncationSpec

CHECKPOINT_FILE = "checkpoint.json"


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

    def to_bytes(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint on disk."""

    directory: Path
    info: CheckpointInfo
    digest: str


def write_checkpoint_info(directory: Path, info: CheckpointInfo) -> Checkpoint:
    """Write `checkpoint.json` beside the files that it names; raises CorruptArtifactError."""
    verify_files(directory, info.files)
    (directory / CHECKPOINT_FILE).write_bytes(info.to_bytes())
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
    verify_files(directory, info.files)
    return Checkpoint(directory, info, hashlib.sha256(content).hexdigest())
