import json
import os
from pathlib import Path

import pytest
import yaml

from libs.artifact.checkpoint import open_checkpoint
from services.trainer.config import TrainerConfig
from services.trainer.main import main


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the sentence that the command line refuses `arguments` with."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    errors = capsys.readouterr().err.strip().splitlines()
    assert stopped.value.code == 2
    return errors[-1]


@pytest.fixture
def settings(tmp_path: Path, config: TrainerConfig) -> str:
    path = tmp_path / "trainer.yaml"
    path.write_text(yaml.safe_dump(config.to_dict()))
    return str(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: expected a header and rows"),
        ("text,label\nA,credit_card\n", "has no column 'narrative': its columns are text, label"),
        ("narrative,label\n", "no usable row: the file has no rows"),
        ("narrative,label\nA,payday\n", "data.csv: no usable row: 1 unknown label (first: row 1"),
        ("narrative,label\nA,payday\n", "unknown label 'payday'; labels are credit_card, "),
        ("narrative,label\nA,credit_card\n", "1 label: expected at least 2"),
    ],
)
def test_bad_data_is_one_sentence_and_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(content)

    sentence = refusal(capsys, "run", "--data", str(data), "--to", str(tmp_path / "checkpoint"))

    assert sentence.startswith("trainer: ")
    assert message in sentence
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [data]


def test_a_missing_file_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = str(tmp_path / "checkpoint")

    sentence = refusal(capsys, "run", "--data", str(tmp_path / "absent.csv"), "--to", to)

    assert "absent.csv cannot be read: No such file or directory" in sentence


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "fit.epoch=3"), "unknown field `epoch`"),
        (("--set", "fit.epochs"), "expected section.field=value"),
        (("--epochs", "-1"), "epochs"),
        (("--config", "absent.yaml"), "absent.yaml cannot be read"),
        (("--encoder", "no/such"), "encoder 'no/such' is neither a folder nor in the"),
    ],
)
def test_a_wrong_option_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    complaints: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    to = str(tmp_path / "checkpoint")

    sentence = refusal(capsys, "run", "--data", str(complaints), "--to", to, *arguments)

    assert message in sentence
    assert not (tmp_path / "checkpoint").exists()


def test_an_existing_folder_is_not_overwritten_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path
) -> None:
    sentence = refusal(capsys, "run", "--data", str(complaints), "--to", str(tmp_path))

    assert "exists already: choose another folder, or --overwrite" in sentence


def test_a_checkpoint_of_another_label_schema_is_neither_encoder_nor_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path, settings: str
) -> None:
    first = tmp_path / "first"
    with pytest.raises(SystemExit):
        main(["run", "--data", str(complaints), "--to", str(first), "--config", settings])
    path = first / "checkpoint.json"
    path.write_text(path.read_text().replace('"credit_card",', '"cards",', 1))
    places = ("--data", str(complaints), "--to", str(tmp_path / "second"))

    sentences = [
        refusal(capsys, "run", *places, "--config", settings, "--encoder", str(first)),
        refusal(capsys, "assess", *places, "--checkpoint", str(first)),
    ]

    assert all("was made for other labels" in sentence for sentence in sentences)
    assert not (tmp_path / "second").exists()


def test_the_steps_one_by_one_do_what_run_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path, settings: str
) -> None:
    shared = ["--work", str(tmp_path / "work"), "--config", settings, "--json"]
    to = tmp_path / "checkpoint"

    for step in (
        ["prepare", "--data", str(complaints)],
        ["baseline"],
        ["fit"],
        ["evaluate", "--to", str(to)],
    ):
        with pytest.raises(SystemExit) as stopped:
            main([*step, *shared])
        assert stopped.value.code == 0
        document = json.loads(capsys.readouterr().out)

    assert document["digest"] == open_checkpoint(to).digest


def test_two_checkpoints_are_judged_on_the_same_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path, settings: str
) -> None:
    checkpoint = str(tmp_path / "checkpoint")
    with pytest.raises(SystemExit):
        main(["run", "--data", str(complaints), "--to", checkpoint, "--config", settings])
    capsys.readouterr()
    report = tmp_path / "report"
    arguments = ["--checkpoint", checkpoint, "--against", checkpoint, "--data", str(complaints)]

    with pytest.raises(SystemExit) as stopped:
        main(["assess", *arguments, "--to", str(report), "--json"])

    figures = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0
    assert figures["rows"] == 200
    assert figures[f"{checkpoint}.macro_f1"] == figures["macro_f1"]
    assert (report / "report.html").is_file()


def test_a_folder_that_is_no_checkpoint_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path
) -> None:
    arguments = ("--checkpoint", str(tmp_path), "--data", str(complaints))

    sentence = refusal(capsys, "assess", *arguments, "--to", str(tmp_path / "report"))

    assert "checkpoint.json cannot be read" in sentence
    assert not (tmp_path / "report").exists()


def test_the_printed_configuration_is_the_default_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["config"])

    document = yaml.safe_load(capsys.readouterr().out)
    assert document == json.loads(json.dumps(TrainerConfig().to_dict()))


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    sentence = refusal(
        capsys, "run", "--data", str(complaints), "--to", str(blocked / "checkpoint")
    )

    assert "cannot be written" in sentence
    assert os.listdir(tmp_path) == ["file"]
