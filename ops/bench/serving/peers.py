"""What a user would pick instead, each in an environment of its own, with an encoder as large.

Not installed by this repository: an environment that has one is named on the command line.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedTokenizerFast,
)

from libs.labels.schema import LABEL_SCHEMA
from ops.bench.serving.artifacts import EncoderSize, tokenizer_file
from ops.bench.serving.servers import Dialect, Server, free_port, run_server


@dataclass(frozen=True)
class Peer:
    """A server of someone else's and the Python environment that has it."""

    name: str
    environment: Path

    @contextmanager
    def serve(self, model: Path, scratch: Path) -> Iterator[Server]:
        """Serve the Hugging Face model folder `model`."""
        with PEERS[self.name](self.environment, model, scratch) as server:
            yield server


@contextmanager
def _serve_infinity(environment: Path, model: Path, scratch: Path) -> Iterator[Server]:
    port = free_port()
    command = [
        *(str(environment / "bin" / "infinity_emb"), "v2", "--model-id", str(model)),
        *("--engine", "torch", "--device", "cpu", "--port", str(port), "--host", "127.0.0.1"),
        *("--no-bettertransformer", "--served-model-name", "peer"),
    ]
    dialect = Dialect("/health", "/classify", '{"model": "peer", "input": [', "]}")
    with run_server(command, port, dialect, _OFFLINE) as server:
        yield server


@contextmanager
def _serve_mlserver(environment: Path, model: Path, scratch: Path) -> Iterator[Server]:
    port, folder = free_port(), scratch / "mlserver"
    folder.mkdir(exist_ok=True)
    parameters = {"task": "text-classification", "pretrained_model": str(model)}
    _write(
        folder / "model-settings.json",
        {
            "name": "peer",
            "implementation": "mlserver_huggingface.HuggingFaceRuntime",
            "parameters": {"extra": parameters},
        },
    )
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    _write(folder / "settings.json", {"host": "127.0.0.1", "parallel_workers": 0, **ports})
    command = [str(environment / "bin" / "mlserver"), "start", str(folder)]
    dialect = Dialect(
        "/v2/health/ready",
        "/v2/models/peer/infer",
        '{"inputs": [{"name": "array_inputs", "shape": [1], "datatype": "BYTES", "data": [',
        "]}]}",
    )
    with run_server(command, port, dialect, _OFFLINE) as server:
        yield server


_OFFLINE = {"HF_HUB_OFFLINE": "1"}
PEERS = {"infinity": _serve_infinity, "mlserver": _serve_mlserver}
NOT_RUN = {
    "sagemaker-huggingface-inference-toolkit": "its server is a Java model server that no "
    "Python package brings",
}


def write_model(directory: Path, size: EncoderSize, max_length: int) -> Path:
    """Write a Hugging Face folder with random weights of `size`."""
    torch.manual_seed(7)
    config = DistilBertConfig(
        dim=size.width,
        n_heads=size.heads,
        n_layers=size.layers,
        hidden_dim=4 * size.width,
        num_labels=len(LABEL_SCHEMA),
    )
    DistilBertForSequenceClassification(config).save_pretrained(directory)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer_file()),
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
    )
    tokenizer.save_pretrained(directory)
    return directory


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))
