"""Artifacts to measure: encoders of a given size, exported as any other.

Speed depends on the size of a model and on real narratives' lengths, not on what it has learnt.
"""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import Tokenizer

from libs.artifact.manifest import TOKENIZER_FILE
from libs.heads.torch_classifier import ComplaintClassifier
from libs.labels.schema import LABEL_SCHEMA
from libs.text.truncation import TruncationSpec
from services.onnx_exporter.testing.checkpoints import (
    BASE_SHAPE,
    ModelShape,
    random_classifier,
    write_random_checkpoint,
)
from services.trainer.encoder import packaged_folder
from services.trainer.reading import Reading, with_reading

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
    return packaged_folder() / TOKENIZER_FILE


def build_classifier(size: EncoderSize) -> ComplaintClassifier:
    """Return a classifier with random weights, the same ones every time."""
    return random_classifier(_shape(size), len(LABEL_SCHEMA))


def _shape(size: EncoderSize) -> ModelShape:
    return replace(BASE_SHAPE, width=size.width, layers=size.layers, heads=size.heads, ngrams=0)


def _write_checkpoint(
    directory: Path, size: EncoderSize, max_length: int, reading: Reading
) -> None:
    tokenizer = Tokenizer.from_buffer(with_reading(tokenizer_file().read_bytes(), reading))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    truncation = TruncationSpec(max_length)
    write_random_checkpoint(directory, _shape(size), truncation=truncation, tokenizer=tokenizer)


def build_artifact(
    directory: Path, size: EncoderSize, max_length: int, reading: Reading = "everything"
) -> Path:
    """Return a model.tar.gz (int8) in a folder of `directory`, made by the exporter once."""
    name = f"{size.name}-{max_length}-{reading}"
    target = directory / name
    archive = target / "model.tar.gz"
    if not archive.exists():
        checkpoint = directory / f"{name}-checkpoint"
        if not checkpoint.exists():
            _write_checkpoint(checkpoint, size, max_length, reading)
        exporter = [sys.executable, "-m", "services.onnx_exporter.main", "export"]
        command = [*exporter, str(checkpoint), "--to", str(target), *_ANY_QUALITY]
        subprocess.run(command, check=True, stdout=sys.stderr)  # ours may be a JSON document
    return archive
