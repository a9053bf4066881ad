import json
from pathlib import Path
from typing import Any

import pytest

from libs.artifact.errors import ManifestError
from libs.artifact.manifest import model_digest, read_manifest
from libs.artifact.testing import write_artifact_files


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(write_artifact_files(tmp_path / "files").to_bytes())
    return manifest


def test_a_manifest_survives_a_round_trip(tmp_path: Path) -> None:
    manifest = write_artifact_files(tmp_path / "files")

    restored = read_manifest(manifest.to_bytes())

    assert restored == manifest
    assert restored.to_bytes() == manifest.to_bytes()


def test_the_digest_is_that_of_the_files_bytes(tmp_path: Path) -> None:
    content = write_artifact_files(tmp_path / "files").to_bytes()

    assert model_digest(content) != model_digest(content + b" ")
    assert len(model_digest(content)) == 64


def test_the_decision_rule_is_the_manifests(tmp_path: Path) -> None:
    rule = write_artifact_files(tmp_path / "files").decision_rule

    assert (rule.temperature, rule.review_threshold) == (1.0, 0.6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format_version", 2),
        ("name", ""),
        ("name", "x" * 201),
        ("version", "../1"),
        ("label_schema_digest", "0" * 64),
        ("label_schema_digest", "not hex"),
        ("head", {"kind": "mean", "hidden_size": 4, "num_labels": 4}),
        ("head", {"kind": "mean", "hidden_size": 0, "num_labels": 5}),
        ("temperature", 0),
        ("temperature", "1"),
        ("review_threshold", 1.5),
        ("truncation", {"max_length": 513}),
        ("graph", {"precision": "int4"}),
        ("created_at", "2026-01-01T00:00:00"),
        ("evaluation", {"nested": {}}),
        ("surprise", 1),
    ],
)
def test_a_field_that_breaks_the_format_is_named(
    document: dict[str, Any], field: str, value: object
) -> None:
    document[field] = value

    with pytest.raises(ManifestError, match=field):
        read_manifest(json.dumps(document).encode())


@pytest.mark.parametrize("field", ["name", "label_schema", "head", "files", "created_at"])
def test_a_missing_field_is_named(document: dict[str, Any], field: str) -> None:
    del document[field]

    with pytest.raises(ManifestError, match=field):
        read_manifest(json.dumps(document).encode())


@pytest.mark.parametrize(
    "name",
    [
        "surprise.txt",
        "/etc/passwd",
        "../model.onnx",
        "code/../model.onnx",
        "./model.onnx",
        "model.onnx/",
        "MODEL.ONNX",
        "Manifest.json",
        "manifest.json",
        "code",
        "code\\inference.py",
        "nul\x00byte",
        "",
    ],
)
def test_a_file_name_that_is_none_of_an_artifacts_is_refused(
    document: dict[str, Any], name: str
) -> None:
    document["files"][name] = document["files"]["model.onnx"]

    with pytest.raises(ManifestError, match="files names"):
        read_manifest(json.dumps(document).encode())


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "code/inference.py"])
def test_a_file_that_every_artifact_has_is_asked_for(document: dict[str, Any], name: str) -> None:
    del document["files"][name]

    with pytest.raises(ManifestError, match=f"files lacks {name}"):
        read_manifest(json.dumps(document).encode())


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"name": "\\ud800"}']
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestError, match="manifest.json"):
        read_manifest(content)


@pytest.mark.parametrize("size", [-1, "7", 1.5])
def test_an_impossible_size_is_refused(document: dict[str, Any], size: object) -> None:
    document["files"]["model.onnx"]["size_bytes"] = size

    with pytest.raises(ManifestError, match="size_bytes"):
        read_manifest(json.dumps(document).encode())
