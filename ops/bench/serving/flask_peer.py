"""The original's design, to be compared with: Flask's development server around PyTorch.

A base-size DistilBERT in float32; each request alone, padded to 128 tokens and cut there.
"""

import sys

import torch
from flask import Flask, Response, jsonify, request
from tokenizers import Tokenizer

from libs.labels.schema import LABEL_SCHEMA
from ops.bench.serving.artifacts import BASE, build_classifier, tokenizer_file

MAX_LENGTH = 128


def create_peer() -> Flask:
    app = Flask(__name__)
    classifier = build_classifier(BASE)
    tokenizer = Tokenizer.from_file(str(tokenizer_file()))
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.enable_padding(length=MAX_LENGTH)

    @app.get("/ping")
    def ping() -> Response:
        return Response(status=200)

    @app.post("/invocations")
    def invocations() -> Response:
        encoding = tokenizer.encode(request.get_json()["text"])
        with torch.no_grad():
            logits = classifier(
                torch.tensor([encoding.ids]), torch.tensor([encoding.attention_mask])
            )
        probabilities = torch.softmax(logits[0], dim=-1)
        label_id = int(probabilities.argmax())
        return jsonify(
            label=LABEL_SCHEMA.label_name(label_id), confidence=float(probabilities[label_id])
        )

    return app


if __name__ == "__main__":
    create_peer().run(host="127.0.0.1", port=int(sys.argv[1]))
