"""A fast stand-in for trainer and exporter: a linear model over word pieces, in a real artifact.

It learns in seconds where the encoder takes minutes, so that whole stories of drift can be told.
"""

from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from libs.artifact.archive import pack_artifact
from libs.artifact.files import describe_files
from libs.artifact.manifest import (
    MODEL_CARD_FILE,
    MODEL_FILE,
    SCRIPT_FILE,
    TOKENIZER_FILE,
    EncoderInfo,
    GraphInfo,
    Manifest,
)
from libs.events.labelled import read_complaints
from libs.heads.spec import HeadSpec
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from libs.text.truncation import TruncationSpec

VOCABULARY = 12_000
TRUNCATION = TruncationSpec(512)
_LABELS = len(LABEL_SCHEMA)
_FILES = [MODEL_FILE, TOKENIZER_FILE, SCRIPT_FILE, MODEL_CARD_FILE]

FILE = click.Path(path_type=Path)
Matrix = npt.NDArray[np.float64]


@click.group()
def cli() -> None:
    """Train and export a linear model."""


@cli.command()
@click.argument("data", type=FILE)
@click.argument("checkpoint", type=FILE)
def train(data: Path, checkpoint: Path) -> None:
    """Learn from labelled complaints; the checkpoint is weights and tokenizer."""
    rows = read_complaints(data).complaints
    texts = [row.narrative for row in rows]
    labels = np.asarray([LABEL_SCHEMA.label_id(row.label_name or "") for row in rows])
    tokenizer = learn_tokenizer(texts)
    features = features_of(NarrativeTokenizer(tokenizer, TRUNCATION), texts)
    weights, bias, temperature = fit(features, labels)
    staged = checkpoint.with_name(f".{checkpoint.name}.new")
    staged.mkdir(parents=True, exist_ok=True)
    (staged / TOKENIZER_FILE).write_text(tokenizer.to_str())
    np.savez(staged / "weights.npz", weights=weights, bias=bias, temperature=temperature)
    staged.rename(checkpoint)


@cli.command()
@click.argument("checkpoint", type=FILE)
@click.argument("archive", type=FILE)
@click.argument("version")
def export(checkpoint: Path, archive: Path, version: str) -> None:
    """Pack a checkpoint as an artifact."""
    files = checkpoint / "files"
    (files / "code").mkdir(parents=True, exist_ok=True)
    with np.load(checkpoint / "weights.npz") as learned:
        (files / MODEL_FILE).write_bytes(graph_of(learned["weights"], learned["bias"]))
        temperature = float(learned["temperature"])
    (files / TOKENIZER_FILE).write_bytes((checkpoint / TOKENIZER_FILE).read_bytes())
    (files / SCRIPT_FILE).write_text("# for benchmarks of the agent only\n")
    (files / MODEL_CARD_FILE).write_text("# A linear model, for benchmarks of the agent only\n")
    pack_artifact(files, _manifest(files, version, temperature), archive)


def learn_tokenizer(texts: list[str]) -> Tokenizer:
    """Return an uncased word-piece tokenizer of the texts."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def features_of(tokenizer: NarrativeTokenizer, texts: list[str]) -> csr_array:
    """Return token counts over the root of the length, as the graph computes them."""
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for encoded in tokenizer.encode_batch(texts):
        ids, counts = np.unique(encoded.input_ids, return_counts=True)
        indices.extend(ids.tolist())
        values.extend((counts / np.sqrt(len(encoded.input_ids))).tolist())
        starts.append(len(indices))
    shape = (len(texts), tokenizer.vocabulary_size)
    return csr_array((values, indices, starts), shape=shape)


def fit(features: csr_array, labels: npt.NDArray[np.int64]) -> tuple[Matrix, Matrix, float]:
    """Return weights (vocabulary, labels), bias and temperature, the last from a tenth held out."""
    held = np.random.default_rng(7).random(len(labels)) < 0.1
    model = LogisticRegression(C=1.0, max_iter=200, class_weight="balanced")
    model.fit(features[~held], labels[~held])
    logits = model.decision_function(features[held])

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        chosen = scaled[np.arange(len(scaled)), labels[held]]
        return float((np.log(np.exp(scaled).sum(axis=1)) - chosen).mean())

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    return model.coef_.T, model.intercept_, float(np.exp(best.x))


def graph_of(weights: Matrix, bias: Matrix) -> bytes:
    """Return the ONNX graph: the sum of token weights over the root of their number, plus bias."""
    nodes = [
        helper.make_node("Gather", ["weights", "input_ids"], ["per_token"]),
        helper.make_node("Unsqueeze", ["attention_mask", "last_axis"], ["mask_column"]),
        helper.make_node("Cast", ["mask_column"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["per_token", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "length_axis"], ["summed"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "length_axis"], ["count"], keepdims=0),
        helper.make_node("Sqrt", ["count"], ["root"]),
        helper.make_node("Div", ["summed", "root"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
    ]
    constants = {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}
    axes = {"last_axis": np.array([2]), "length_axis": np.array([1])}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", _LABELS])
    initializers = [numpy_helper.from_array(v, n) for n, v in {**constants, **axes}.items()]
    graph = helper.make_graph(nodes, "linear", inputs, [logits], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _manifest(files: Path, version: str, temperature: float) -> Manifest:
    return Manifest(
        name="linear",
        version=version,
        label_schema=LABEL_SCHEMA,
        label_schema_digest=LABEL_SCHEMA.digest,
        head=HeadSpec("mean", hidden_size=_LABELS, num_labels=_LABELS),
        encoder=EncoderInfo("linear", checkpoint_digest="0" * 64),
        truncation=TRUNCATION,
        temperature=temperature,
        review_threshold=0.6,
        graph=GraphInfo("fp32", opset=18, quantization={}, one_narrative_per_run=False),
        training_data_fingerprint="0" * 64,
        evaluation={},
        code_revision="benchmark",
        created_at=datetime(2018, 1, 1, tzinfo=UTC),
        files=describe_files(files, _FILES),
    )


if __name__ == "__main__":
    cli()
