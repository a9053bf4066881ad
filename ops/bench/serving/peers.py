"""What a user would pick instead, each in an environment of its own, with an encoder as large.

Not installed by this repository: an environment that has one is named on the command line.
"""

import json
import os
import random
import socket
import subprocess
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
from ops.bench.serving.artifacts import EncoderSize, build_classifier, tokenizer_file
from ops.bench.serving.servers import BenchError, Dialect, Server, run_server
from ops.local.cloud.processes import free_port

LABELS = len(LABEL_SCHEMA)


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
        *("--served-model-name", "peer"),
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


@contextmanager
def _serve_sagemaker_toolkit(environment: Path, model: Path, scratch: Path) -> Iterator[Server]:
    """Run the toolkit's handler in its model server, which needs Java, as its container does."""
    port, folder = _low_port(), scratch / "sagemaker"
    store = folder / "store"
    store.mkdir(parents=True, exist_ok=True)
    settings = {
        "default_service_handler": _TOOLKIT_HANDLER,
        "inference_address": f"http://127.0.0.1:{port}",
        "management_address": f"http://127.0.0.1:{_low_port()}",
        "decode_input_request": "false",
        "default_workers_per_model": "2",
        "vmargs": "-XX:-UseContainerSupport",
    }
    config = folder / "mms.properties"
    config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    # It serves what its own archiver has written, and answers 400 where it finds no model.
    archiver = [
        *(str(environment / "bin" / "model-archiver"), "--model-name", "model", "--force"),
        *("--model-path", str(model), "--handler", _TOOLKIT_HANDLER),
        *("--export-path", str(store), "--archive-format", "no-archive"),
    ]
    archived = subprocess.run(archiver, capture_output=True, text=True, check=False)
    if archived.returncode:
        raise BenchError(f"model-archiver failed: {archived.stderr.strip()}")
    command = [
        *(str(environment / "bin" / "multi-model-server"), "--start", "--foreground"),
        *("--mms-config", str(config), "--model-store", str(store)),
        *("--models", "model=model"),
    ]
    environ = {
        **_OFFLINE,
        "HF_TASK": "text-classification",
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TEMP": str(folder),
        "LOG_LOCATION": str(folder),
        "METRICS_LOCATION": str(folder),
    }
    # Left to itself it cuts nothing, and a narrative longer than the encoder reads is a 400.
    dialect = Dialect(
        "/ping", "/invocations", '{"inputs": ', ', "parameters": {"truncation": true}}'
    )
    with run_server(command, port, dialect, environ) as server:
        yield server


def _low_port() -> int:
    """Return a free port that multi-model-server takes: it refuses the upper half of them."""
    return next(port for port in random.sample(range(20_000, 32_000), 100) if not _is_taken(port))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


_TOOLKIT_HANDLER = "sagemaker_huggingface_inference_toolkit.handler_service:handle"
# Nothing told or asked of anyone; none of our packages before a server's own.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": ""}
PEERS = {
    "infinity": _serve_infinity,
    "mlserver": _serve_mlserver,
    "sagemaker-toolkit": _serve_sagemaker_toolkit,
}


def write_model(directory: Path, size: EncoderSize, max_length: int) -> Path:
    """Write the weights of `build_classifier(size)` as a folder that Hugging Face's classes read.

    Their head has a bottleneck as wide as the encoder: ours fills its first rows, the rest is zero.
    """
    classifier = build_classifier(size)
    config = DistilBertConfig.from_dict(classifier.encoder.config.to_diff_dict())
    config.num_labels = LABELS
    peer = DistilBertForSequenceClassification(config).eval()
    peer.distilbert.load_state_dict(classifier.encoder.state_dict())
    head = classifier.head
    rows = head.spec.bottleneck
    with torch.no_grad():
        for parameter in (*peer.pre_classifier.parameters(), *peer.classifier.parameters()):
            parameter.zero_()
        peer.pre_classifier.weight[:rows] = head.bottleneck.weight
        peer.pre_classifier.bias[:rows] = head.bottleneck.bias
        peer.classifier.weight[:, :rows] = head.output.weight
        peer.classifier.bias[:] = head.output.bias
    peer.save_pretrained(directory)
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
