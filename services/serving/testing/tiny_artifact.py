"""A real artifact of a few kilobytes for tests: random weights in a graph of the agreed shape.

Embedding, matrix products, masked mean, logits. `width` and `layers` set how long one run takes.
"""

import string
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

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
from libs.heads.spec import HeadSpec
from libs.labels.schema import LABEL_SCHEMA, LabelSchema
from libs.text.truncation import TruncationSpec

_WORDS = ["bank", "card", "credit", "charged", "debt", "loan", "report", "the", "they", "my"]


@dataclass(frozen=True)
class TinySpec:
    """What a test may want different."""

    width: int = 16
    layers: int = 1
    max_length: int = 32
    review_threshold: float = 0.6
    version: str = "1.0.0"
    seed: int = 7
    label_schema: LabelSchema = LABEL_SCHEMA
    model: bytes | None = None
    """Content of model.onnx instead of the tiny graph."""
    script: bytes = b"# not run by this container\n"


def write_tiny_archive(directory: Path, spec: TinySpec | None = None) -> Path:
    """Pack an artifact into `directory`/model.tar.gz and return its path."""
    spec = spec or TinySpec()
    files = directory / "files"
    (files / "code").mkdir(parents=True)
    tokenizer = _tokenizer()
    vocabulary_size = tokenizer.get_vocab_size(with_added_tokens=True)
    (files / MODEL_FILE).write_bytes(spec.model or _graph(spec, vocabulary_size))
    (files / TOKENIZER_FILE).write_text(tokenizer.to_str())
    (files / SCRIPT_FILE).write_bytes(spec.script)
    (files / MODEL_CARD_FILE).write_text("# A random model for tests\n")
    archive = directory / "model.tar.gz"
    pack_artifact(files, _manifest(spec, files), archive)
    return archive


def _tokenizer() -> Tokenizer:
    pieces = list(string.ascii_lowercase + string.digits)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *_WORDS, *pieces, *(f"##{p}" for p in pieces)]
    tokenizer = Tokenizer(
        models.WordPiece({token: index for index, token in enumerate(tokens)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _graph(spec: TinySpec, vocabulary_size: int) -> bytes:
    random = np.random.default_rng(spec.seed)
    labels = len(spec.label_schema)
    weights = {
        "embedding": random.normal(size=(vocabulary_size, spec.width)),
        "hidden": random.normal(size=(spec.width, spec.width)) / np.sqrt(spec.width),
        "output": random.normal(size=(spec.width, labels)) * 4,
    }
    nodes = [helper.make_node("Gather", ["embedding", "input_ids"], ["x0"])]
    for layer in range(spec.layers):
        nodes.append(helper.make_node("MatMul", [f"x{layer}", "hidden"], [f"h{layer}"]))
        nodes.append(helper.make_node("Tanh", [f"h{layer}"], [f"x{layer + 1}"]))
    nodes += [
        helper.make_node("Unsqueeze", ["attention_mask", "last_axis"], ["mask_column"]),
        helper.make_node("Cast", ["mask_column"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"x{spec.layers}", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "length_axis"], ["summed"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "length_axis"], ["count"], keepdims=0),
        helper.make_node("Div", ["summed", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "output"], ["logits"]),
    ]
    axes = {"last_axis": [2], "length_axis": [1]}
    initializers = [
        *(numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()),
        *(numpy_helper.from_array(np.array(a, dtype=np.int64), name) for name, a in axes.items()),
    ]
    token_shape = ["batch", "length"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, token_shape),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, token_shape),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _manifest(spec: TinySpec, files: Path) -> Manifest:
    return Manifest(
        name="tiny",
        version=spec.version,
        label_schema=spec.label_schema,
        label_schema_digest=spec.label_schema.digest,
        head=HeadSpec("mean", hidden_size=spec.width, num_labels=len(spec.label_schema)),
        encoder=EncoderInfo("random", checkpoint_digest="0" * 64),
        truncation=TruncationSpec(spec.max_length),
        temperature=1.0,
        review_threshold=spec.review_threshold,
        graph=GraphInfo("fp32", opset=18, quantization={}, one_narrative_per_run=False),
        training_data_fingerprint="0" * 64,
        evaluation={"macro_f1": 0.2},
        code_revision="test",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        files=describe_files(files, [MODEL_FILE, TOKENIZER_FILE, SCRIPT_FILE, MODEL_CARD_FILE]),
    )
