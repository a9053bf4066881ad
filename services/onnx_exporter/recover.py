"""An artifact's weights as a checkpoint that training can start from, where no other is left.

Integers come back as the floats that they stand for, which is what is served. The sparse branch
stays behind: training fits it anew.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from transformers import DistilBertConfig, DistilBertModel

from libs.artifact.archive import Artifact
from libs.artifact.checkpoint import Checkpoint, CheckpointInfo, write_checkpoint_info
from libs.artifact.files import describe_files
from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE
from libs.heads.torch_classifier import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    ComplaintClassifier,
    save_classifier,
)
from libs.heads.torch_head import ClassificationHead
from services.onnx_exporter.attention_split import PARTS
from services.onnx_exporter.errors import UnrecoverableError
from services.onnx_exporter.first_token import weight_name

Floats = npt.NDArray[np.float32]

_PRODUCT = re.compile(r"onnx::MatMul_(\d+)(_quantized)?")
_PRODUCTS = ("attention.out_lin", "ffn.lin1", "ffn.lin2")
"""The order in which a layer multiplies: traced weights have a number for a name."""
_BIASES = ("attention.out_lin.bias", "widen.bias", "narrow.bias")
_NORMS = {"sa_layer_norm": "attention_norm", "output_layer_norm": "output_norm"}


@dataclass(frozen=True)
class GraphWeights:
    """The weights of a graph that this exporter made, as float32."""

    tensors: Mapping[str, npt.NDArray[np.generic]]
    heads: int

    def take(self, name: str) -> Floats:
        """Return a weight by its name before quantisation; raises UnrecoverableError."""
        try:
            if name in self.tensors:
                return self.tensors[name].astype(np.float32)
            integers, zero, scale = (
                self.tensors[f"{name}_{part}"].astype(np.float32)
                for part in ("quantized", "zero_point", "scale")
            )
        except KeyError as error:
            raise UnrecoverableError(f"the graph has no weight {name}") from error
        return np.asarray((integers - zero) * scale, dtype=np.float32)

    @property
    def products(self) -> list[str]:
        found = {int(m[1]) for name in self.tensors if (m := _PRODUCT.fullmatch(name))}
        return [f"onnx::MatMul_{number}" for number in sorted(found)]


def recover_checkpoint(artifact: Artifact, directory: Path) -> Checkpoint:
    """Write the checkpoint into the new folder `directory`; raises UnrecoverableError.

    Label schema, truncation and calibration are the artifact's; evaluation and configuration are
    left empty, since they were another's.
    """
    weights = _read_weights(artifact.path(MODEL_FILE))
    manifest = artifact.manifest
    head = ClassificationHead(replace(manifest.head, ngrams=0))
    head.load_state_dict(_tensors(_head_weights(weights)))
    classifier = ComplaintClassifier(_encoder(weights), head)
    directory.mkdir(parents=True)
    save_classifier(classifier, directory)
    shutil.copyfile(artifact.path(TOKENIZER_FILE), directory / TOKENIZER_FILE)
    info = CheckpointInfo(
        label_schema=manifest.label_schema,
        head=head.spec,
        encoder_name=manifest.encoder.name,
        truncation=manifest.truncation,
        temperature=manifest.temperature,
        review_threshold=manifest.review_threshold,
        training_data_fingerprint=manifest.training_data_fingerprint,
        hyperparameters={},
        evaluation={},
        code_revision=manifest.code_revision,
        created_at=manifest.created_at,
        files=describe_files(directory, (CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE)),
    )
    return write_checkpoint_info(directory, info)


def _read_weights(path: Path) -> GraphWeights:
    graph = onnx.load(str(path)).graph
    heads = {
        attribute.i
        for node in graph.node
        for attribute in node.attribute
        if attribute.name == "num_heads"
    }
    if len(heads) != 1:
        raise UnrecoverableError("the graph has no fused attention: expected one of this exporter")
    return GraphWeights(
        {item.name: numpy_helper.to_array(item) for item in graph.initializer}, heads.pop()
    )


def _encoder(weights: GraphWeights) -> DistilBertModel:
    products = weights.products
    state = {
        f"embeddings.{name}": weights.take(f"embeddings.{name}")
        for name in (
            "word_embeddings.weight",
            "position_embeddings.weight",
            "LayerNorm.weight",
            "LayerNorm.bias",
        )
    }
    layers = len(products) // len(_PRODUCTS)
    for layer in range(layers):
        own = products[layer * len(_PRODUCTS) :][: len(_PRODUCTS)]
        state |= {
            f"transformer.layer.{layer}.{name}": value
            for name, value in _layer(weights, layer, own).items()
        }
    vocabulary, width = state["embeddings.word_embeddings.weight"].shape
    encoder = DistilBertModel(
        DistilBertConfig(
            vocab_size=vocabulary,
            max_position_embeddings=len(state["embeddings.position_embeddings.weight"]),
            dim=width,
            n_layers=layers,
            n_heads=weights.heads,
            hidden_dim=len(state["transformer.layer.0.ffn.lin1.bias"]),
            attention_dropout=0.0,
        )
    )
    encoder.load_state_dict(_tensors(state))
    return encoder


def _layer(weights: GraphWeights, layer: int, products: list[str]) -> dict[str, Floats]:
    block = f"blocks.{layer}"
    found: dict[str, Floats] = {}
    for name, product, bias in zip(_PRODUCTS, products, _BIASES, strict=True):
        found[f"{name}.weight"] = weights.take(product).T
        found[f"{name}.bias"] = weights.take(f"{block}.{bias}")
    for name, norm in _NORMS.items():
        found[f"{name}.weight"] = weights.take(f"{block}.{norm}.weight")
        found[f"{name}.bias"] = weights.take(f"{block}.{norm}.bias")
    shifts = np.split(weights.take(f"Attention_{layer}_qkv_bias"), 3)
    for letter, weight, shift in zip("qkv", _projections(weights, layer), shifts, strict=True):
        found[f"attention.{letter}_lin.weight"] = weight.T
        found[f"attention.{letter}_lin.bias"] = shift
    return found


def _projections(weights: GraphWeights, layer: int) -> list[Floats]:
    """Return the weights of query, key and value, each (width, width)."""
    packed = f"Attention_{layer}_qkv_weight"
    if any(name.startswith(packed) for name in weights.tensors):
        return np.split(weights.take(packed), 3, axis=1)
    return [weights.take(weight_name(part)) for part in PARTS]


def _head_weights(weights: GraphWeights) -> dict[str, Floats]:
    found = {}
    for linear in ("bottleneck", "output"):
        name = f"head.{linear}.weight"
        is_turned = name not in weights.tensors and f"{name}_quantized" not in weights.tensors
        value = weights.take(f"{name}_Transposed").T if is_turned else weights.take(name)
        found[f"{linear}.weight"] = value
        found[f"{linear}.bias"] = weights.take(f"head.{linear}.bias")
    return found


def _tensors(state: Mapping[str, Floats]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
