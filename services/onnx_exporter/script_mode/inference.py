"""Serves the artifact in script mode: model_fn, input_fn, predict_fn, output_fn.

Stands alone, with onnxruntime, tokenizers and numpy: the classifier's own code is not installed
where it runs. It answers as the classifier's container does.
"""

import csv
import hashlib
import io
import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

# Read as the runtime is loaded, which would else send events about models to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort  # noqa: E402

SPECIAL_TOKENS = 2  # [CLS] and [SEP]
MAX_ITEMS = 10_000

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b\u2060\ufeff]+")


Answer = dict[str, Any]
Request = tuple[str, list[Any], dict[str, Any]]
Prediction = tuple[str, list[Answer], dict[str, Any]]


class InputError(ValueError):
    """A request that cannot be answered; the message never quotes a narrative."""


class Model:
    """The verified artifact, ready to answer; one narrative a run, unpadded."""

    def __init__(self, directory: Path) -> None:
        content = (directory / "manifest.json").read_bytes()
        self.manifest: dict[str, Any] = json.loads(content)
        _verify(directory, self.manifest["files"])
        self.names = self.manifest["label_schema"]["names"]
        self.identity = {
            "name": self.manifest["name"],
            "version": self.manifest["version"],
            "digest": hashlib.sha256(content).hexdigest(),
        }
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.cls_id, self.sep_id = map(self.tokenizer.token_to_id, ("[CLS]", "[SEP]"))
        options = ort.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
        self.session = ort.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def classify(self, narrative: object) -> Answer:
        """Return the prediction for one narrative; raises InputError."""
        body = self.tokenizer.encode(normalise(narrative), add_special_tokens=False).ids
        kept = cut(body, **self.manifest["truncation"])
        ids = np.array([[self.cls_id, *kept, self.sep_id]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        probabilities = softmax(
            self.session.run(["logits"], feed)[0][0], self.manifest["temperature"]
        )
        best = int(probabilities.argmax())
        confidence = float(probabilities[best])
        return {
            "label": self.names[best],
            "confidence": confidence,
            "scores": dict(zip(self.names, probabilities.tolist(), strict=True)),
            "needs_review": confidence < self.manifest["review_threshold"],
            "is_truncated": len(kept) < len(body),
            "tokens": len(body) + SPECIAL_TOKENS,
        }


def model_fn(model_dir: str, context: object = None) -> Model:
    """Load the unpacked artifact, every digest checked."""
    return Model(Path(model_dir))


def input_fn(
    request_body: str | bytes, request_content_type: str, context: object = None
) -> Request:
    """Decode a request into (kind, items, options); raises InputError."""
    kind = request_content_type.split(";")[0].strip().lower()
    text = _decode(request_body)
    if kind == "application/json":
        return _read_json(_parse_json(text))
    if kind == "application/jsonlines":
        lines = [_parse_json(line) for line in text.splitlines() if line.strip()]
        return "lines", _texts([_field(line, "text") for line in lines]), {}
    if kind == "text/csv":
        return "csv", _texts([row[0] for row in csv.reader(io.StringIO(text)) if row]), {}
    if kind == "text/plain":
        return "csv", _texts([text]), {}
    raise InputError("content type not supported: expected JSON, JSON Lines, CSV or plain text")


def predict_fn(data: Request, model: Model, context: object = None) -> Prediction:
    """Classify each item alone; in `instances` one bad item spoils no other."""
    kind, items, options = data
    if kind == "instances":
        answers = [_predict_instance(item, model) for item in items]
    else:
        answers = [model.classify(text) for text in items]
    return kind, answers, {**options, "model": model.identity}


def output_fn(
    prediction: Prediction, accept: str = "application/json", context: object = None
) -> str:
    """Encode predictions in the form that the request asked for."""
    kind, answers, options = prediction
    if kind == "csv":
        return _write_csv(answers)
    if kind == "lines":
        return "".join(json.dumps(answer) + "\n" for answer in answers)
    if kind == "text":
        return json.dumps(answers[0])
    if kind == "instances":
        return json.dumps({"predictions": answers, "model": options["model"]})
    return json.dumps([_ranked(answer["scores"], options.get("top_k")) for answer in answers])


def normalise(narrative: object) -> str:
    """Return the text in NFC with every run of space and control characters as one space."""
    if not isinstance(narrative, str):
        raise InputError("a narrative is not a string")
    if _SURROGATE.search(narrative):
        raise InputError("a narrative has a lone surrogate: expected valid Unicode")
    text = _SPACE_OR_CONTROL.sub(" ", unicodedata.normalize("NFC", narrative)).strip()
    if not text:
        raise InputError("a narrative is empty: expected at least one visible character")
    return text


def cut(body: list[int], max_length: int, strategy: str) -> list[int]:
    """Return the token ids that fit: the beginning, or a quarter of it and the end."""
    room = max_length - SPECIAL_TOKENS
    if len(body) <= room:
        return body
    if strategy == "head":
        return body[:room]
    head = room // 4
    return body[:head] + body[len(body) - (room - head) :]


def softmax(logits: Any, temperature: float) -> Any:
    """Return softmax(logits / temperature) in float64."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _verify(directory: Path, files: dict[str, Any]) -> None:
    for name, expected in files.items():
        with (directory / name).open("rb") as file:
            digest = hashlib.sha256()
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        if digest.hexdigest() != expected["sha256"]:
            raise RuntimeError(f"{name} is not the file that manifest.json names")


def _decode(body: str | bytes) -> str:
    try:
        return body if isinstance(body, str) else bytes(body).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("the body is not UTF-8") from None


def _parse_json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("the body is not JSON") from None
    if not isinstance(document, dict):
        raise InputError("the body is not a JSON object")
    return document


def _read_json(document: dict[str, Any]) -> Request:
    if "instances" in document:
        items = document["instances"]
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise InputError("instances is not a list of objects")
        return "instances", _bounded(items), {}
    if "inputs" in document:
        inputs = document["inputs"]
        options = {"top_k": _top_k(document.get("parameters", {}))}
        return "inputs", _texts(inputs if isinstance(inputs, list) else [inputs]), options
    return "text", _texts([_field(document, "text")]), {}


def _top_k(parameters: object) -> int | None:
    top_k = parameters.get("top_k") if isinstance(parameters, dict) else 0
    if top_k is not None and (not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1):
        raise InputError("parameters.top_k is not a positive integer")
    return top_k


def _field(document: dict[str, Any], name: str) -> object:
    if name not in document:
        raise InputError("expected inputs, text or instances")
    return document[name]


def _texts(items: list[Any]) -> list[Any]:
    for item in _bounded(items):
        normalise(item)
    return items


def _bounded(items: list[Any]) -> list[Any]:
    if not 1 <= len(items) <= MAX_ITEMS:
        raise InputError(f"{len(items)} items: expected 1 to {MAX_ITEMS}")
    return items


def _predict_instance(item: dict[str, Any], model: Model) -> Answer:
    answer: Answer = {"id": item.get("id")}
    try:
        answer.update(model.classify(item.get("text")))
    except InputError as error:
        answer["error"] = {"code": "invalid_narrative", "message": str(error)}
    return answer


def _ranked(scores: dict[str, float], top_k: int | None) -> list[Answer]:
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    return [{"label": label, "score": score} for label, score in ranked[:top_k]]


def _write_csv(answers: list[Answer]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([answer["label"], answer["confidence"]] for answer in answers)
    return lines.getvalue()
