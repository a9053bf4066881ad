"""A real artifact of a few kilobytes for tests: each label has words that speak for it."""

from dataclasses import dataclass, field
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
from libs.labels.schema import LABEL_SCHEMA
from libs.text.truncation import TruncationSpec

KEYWORDS = {
    "credit_card": ("card", "apr"),
    "credit_reporting": ("report", "bureau"),
    "debt_collection": ("debt", "collector"),
    "mortgages_and_loans": ("loan", "mortgage"),
    "retail_banking": ("checking", "branch"),
}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


@dataclass(frozen=True)
class KeywordSpec:
    """What a test may want different."""

    version: str = "1.0.0"
    keywords: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(KEYWORDS))
    weight: float = 3.0


def write_keyword_archive(directory: Path, spec: KeywordSpec) -> Path:
    """Pack an artifact into `directory`/model.tar.gz and return its path."""
    files = directory / "files"
    (files / "code").mkdir(parents=True)
    words = [word for name in LABEL_SCHEMA.names for word in spec.keywords.get(name, ())]
    vocabulary = {token: index for index, token in enumerate((*_SPECIAL, *words))}
    (files / MODEL_FILE).write_bytes(_graph(spec, vocabulary))
    (files / TOKENIZER_FILE).write_text(_tokenizer(vocabulary).to_str())
    (files / SCRIPT_FILE).write_text("# not run in tests\n")
    (files / MODEL_CARD_FILE).write_text("# A model for tests\n")
    pack_artifact(files, _manifest(spec, files), directory / "model.tar.gz")
    return directory / "model.tar.gz"


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _graph(spec: KeywordSpec, vocabulary: dict[str, int]) -> bytes:
    votes = np.zeros((len(vocabulary), len(LABEL_SCHEMA)), dtype=np.float32)
    for name, words in spec.keywords.items():
        for word in words:
            votes[vocabulary[word], LABEL_SCHEMA.label_id(name)] = spec.weight
    nodes = [
        helper.make_node("Gather", ["votes", "input_ids"], ["per_token"]),
        helper.make_node("Unsqueeze", ["attention_mask", "last_axis"], ["mask_column"]),
        helper.make_node("Cast", ["mask_column"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["per_token", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "length_axis"], ["logits"], keepdims=0),
    ]
    axes = {"last_axis": [2], "length_axis": [1]}
    graph = helper.make_graph(
        nodes,
        "keywords",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABEL_SCHEMA)])],
        [
            numpy_helper.from_array(votes, "votes"),
            *(numpy_helper.from_array(np.array(a, dtype=np.int64), n) for n, a in axes.items()),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _manifest(spec: KeywordSpec, files: Path) -> Manifest:
    return Manifest(
        name="keywords",
        version=spec.version,
        label_schema=LABEL_SCHEMA,
        label_schema_digest=LABEL_SCHEMA.digest,
        head=HeadSpec("mean", hidden_size=5, num_labels=len(LABEL_SCHEMA)),
        encoder=EncoderInfo("keywords", checkpoint_digest="0" * 64),
        truncation=TruncationSpec(32),
        temperature=1.0,
        review_threshold=0.6,
        graph=GraphInfo("fp32", opset=18, quantization={}, one_narrative_per_run=False),
        training_data_fingerprint="0" * 64,
        evaluation={"macro_f1": 0.5},
        code_revision="test",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        files=describe_files(files, [MODEL_FILE, TOKENIZER_FILE, SCRIPT_FILE, MODEL_CARD_FILE]),
    )
