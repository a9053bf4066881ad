import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from libs.artifact.archive import unpack_artifact
from libs.artifact.checkpoint import Checkpoint
from libs.labels.schema import LabelSchema
from services.onnx_exporter.main import cli
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.pipeline import ExportResult
from services.onnx_exporter.testing.checkpoints import write_random_checkpoint

# Thirty narratives and random weights: one flip is already more than one in a hundred.
LOOSE_BOUNDS = ("--max-flip-rate", 1, "--max-macro-f1-loss", 1, "--max-ece-change", 1)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def one_sentence(result: Result) -> str:
    """Return the sentence on stderr of a run that refused its input."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(lines) == 1
    return lines[0]


@pytest.fixture
def narratives(tmp_path: Path) -> Path:
    path = tmp_path / "narratives.csv"
    rows = [f"{item.label},{json.dumps(item.narrative)}" for item in fixed_narratives().narratives]
    path.write_text("\n".join(["label,narrative", *rows]), encoding="utf-8")
    return path


@pytest.fixture
def copy(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    return shutil.copytree(checkpoint.directory, tmp_path / "checkpoint")


def test_the_steps_one_by_one_give_the_same_artifact_as_all_at_once(
    checkpoint: Checkpoint, exported: ExportResult, tmp_path: Path
) -> None:
    run("export", checkpoint.directory, "--to", tmp_path, "--graph-only")
    for step in ("optimize", "quantize", "verify"):
        assert run(step, tmp_path).exit_code == 0

    packed = json.loads(run("pack", tmp_path, "--json").stdout)

    assert packed["digest"] == exported.digest


def test_a_step_without_the_step_before_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    without_graph = one_sentence(run("optimize", tmp_path))
    run("export", checkpoint.directory, "--to", tmp_path, "--graph-only")
    without_fusions = one_sentence(run("quantize", tmp_path))

    assert "run `export` first" in without_graph
    assert "run `optimize` first" in without_fusions


def test_a_graph_that_was_changed_after_its_verification_is_not_packed(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    run("export", checkpoint.directory, "--to", tmp_path, "--graph-only")
    for step in ("optimize", "quantize", "verify"):
        run(step, tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"another graph")

    sentence = one_sentence(run("pack", tmp_path))

    assert "run `verify` again" in sentence
    assert not (tmp_path / "model.tar.gz").exists()


def test_an_artifact_can_be_inspected(exported: ExportResult) -> None:
    document = json.loads(run("inspect", exported.archive, "--json").stdout)

    assert document["digest"] == exported.digest
    assert document["operators"]["QAttention"] == 2


def test_two_artifacts_can_be_compared(
    checkpoint: Checkpoint, exported: ExportResult, tmp_path: Path
) -> None:
    run("export", checkpoint.directory, "--to", tmp_path / "32", "--precision", "fp32")
    archive = tmp_path / "32" / "model.tar.gz"

    document = json.loads(run("compare", archive, exported.archive, "--json").stdout)

    assert document["first"]["precision"] == "fp32"
    assert document["second"]["digest"] == exported.digest
    assert 0 < document["agreement"]["mean_probability_shift"] < 0.1


def test_the_figures_of_the_card_can_be_measured_again(
    checkpoint: Checkpoint, narratives: Path, tmp_path: Path
) -> None:
    (tmp_path / "data.md").write_text("Invented complaints.\n", encoding="utf-8")
    options = ("--narratives", narratives, *LOOSE_BOUNDS, "--data-statement", tmp_path / "data.md")
    run("export", checkpoint.directory, "--to", tmp_path / "out", *options)
    archive = tmp_path / "out" / "model.tar.gz"

    document = json.loads(run("figures", archive, "--narratives", narratives, "--json").stdout)

    card = unpack_artifact(archive, tmp_path / "model").path("MODEL_CARD.md").read_text()
    macro_f1 = document["figures"]["macro_f1"]
    assert "Invented complaints." in card
    assert 'return it." | x ##x' in card
    assert f"| macro F1 | {macro_f1['value']:.4f} ({macro_f1['low']:.4f} to" in card
    assert f"| credit_card | {document['figures']['classes'][0]['precision']:.4f} |" in card


def test_figures_without_labelled_narratives_are_refused(exported: ExportResult) -> None:
    assert "--narratives is missing" in one_sentence(run("figures", exported.archive))


def test_tables_are_for_people(exported: ExportResult) -> None:
    for arguments in (["inspect", exported.archive], ["compare", *[exported.archive] * 2]):
        result = run(*arguments)

        assert result.exit_code == 0
        assert exported.digest[:12] in result.stdout
        assert "…" not in result.stdout


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    sentence = one_sentence(run("export", tmp_path / "empty", "--to", tmp_path / "out"))

    assert "checkpoint.json cannot be read" in sentence
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_corrupt_file_of_the_checkpoint_is_named(copy: Path, tmp_path: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-1] + b"!")

    sentence = one_sentence(run("export", copy, "--to", tmp_path / "out"))

    assert name in sentence
    assert not (tmp_path / "out").exists()


def test_another_label_schema_is_refused(tmp_path: Path) -> None:
    other = LabelSchema(2, ("spam", "ham"), ("Spam", "Ham"))
    write_random_checkpoint(tmp_path / "checkpoint", schema=other)

    sentence = one_sentence(run("export", tmp_path / "checkpoint", "--to", tmp_path / "out"))

    assert "label schema digest" in sentence


def test_a_broken_gate_says_which_bound_and_by_how_much(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    arguments = ["export", checkpoint.directory, "--to", tmp_path / "out"]

    sentence = one_sentence(run(*arguments, "--max-size-bytes", 1000))

    assert "(bound 1000, over by" in sentence
    assert not (tmp_path / "out").exists()


def test_narratives_that_cannot_be_read_are_refused_at_once(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("text\nlate fee\n")
    arguments = ["export", checkpoint.directory, "--to", tmp_path / "out"]

    sentence = one_sentence(run(*arguments, "--narratives", tmp_path / "bad.csv"))

    assert "narrative" in sentence


def test_a_version_that_is_no_name_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    arguments = ["export", checkpoint.directory, "--to", tmp_path / "out"]

    assert "'../1'" in one_sentence(run(*arguments, "--version", "../1"))


def test_every_command_and_option_has_help() -> None:
    for name, command in cli.commands.items():
        assert command.help, name
        for parameter in command.params:
            is_argument = isinstance(parameter, click.Argument)
            assert is_argument or getattr(parameter, "help", None), f"{name} {parameter.name}"
