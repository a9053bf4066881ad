import json
import re
import shutil
from pathlib import Path

import pytest

from libs.artifact.checkpoint import open_checkpoint
from services.trainer.cluster import Cluster
from services.trainer.config import TrainerConfig
from services.trainer.errors import ConfigError, DataError, InterruptedTrainingError
from services.trainer.main import main
from services.trainer.prepare import DataFiles
from services.trainer.sagemaker import SageMakerJob
from services.trainer.submit import METRICS, hyperparameters
from services.trainer.testing.complaints import invented_rows, write_rows
from services.trainer.testing.runs import AfterSteps, tiny_pipeline


@pytest.fixture
def prefix(tmp_path: Path, complaints: Path, config: TrainerConfig) -> Path:
    """The folders that SageMaker mounts, with a job in them."""
    root = tmp_path / "ml"
    for folder in ("input/config", "input/data/training", "model", "output/data", "checkpoints"):
        (root / folder).mkdir(parents=True)
    shutil.copy(complaints, root / "input/data/training/complaints.csv")
    values = {**hyperparameters(config), "sagemaker_program": '"main.py"'}
    (root / "input/config/hyperparameters.json").write_text(json.dumps(values))
    return root


def train(prefix: Path) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--prefix", str(prefix)])
    return int(stopped.value.code or 0)


def test_a_job_leaves_a_checkpoint_where_sagemaker_takes_it_from(
    prefix: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = train(prefix)

    checkpoint = open_checkpoint(prefix / "model")
    assert code == 0
    assert checkpoint.info.hyperparameters["fit.epochs"] == 3
    assert not (prefix / "output" / "failure").exists()
    printed = capsys.readouterr().err
    assert [name for name, pattern in METRICS.items() if not re.search(pattern, printed)] == []


def test_a_job_that_was_interrupted_goes_on_from_its_checkpoints(
    prefix: Path, complaints: Path, config: TrainerConfig
) -> None:
    lost = tiny_pipeline(SageMakerJob(prefix).work, config, AfterSteps(7))
    prepared = lost.prepare(DataFiles(complaints))
    with pytest.raises(InterruptedTrainingError):
        lost.fit(prepared)

    code = train(prefix)

    outcome = json.loads((prefix / "checkpoints" / "fit" / "outcome.json").read_text())
    assert code == 0
    assert outcome["resumed_from"] == 7
    assert not (prefix / "output" / "failure").exists()


def test_a_job_with_a_test_channel_is_judged_on_it(prefix: Path) -> None:
    (prefix / "input/data/test").mkdir()
    write_rows(prefix / "input/data/test/kept.csv", invented_rows(40, seed=99))

    code = train(prefix)

    assert code == 0
    assert open_checkpoint(prefix / "model").info.evaluation["rows"] == 40


def test_a_job_without_usable_data_says_why_where_sagemaker_looks(prefix: Path) -> None:
    (prefix / "input/data/training/complaints.csv").write_text("text\nA\n")

    code = train(prefix)

    assert code == 2
    assert "no column 'narrative'" in (prefix / "output" / "failure").read_text()
    assert list((prefix / "model").iterdir()) == []


def test_a_wrong_hyperparameter_is_a_failure_with_a_reason(prefix: Path) -> None:
    (prefix / "input/config/hyperparameters.json").write_text('{"fit.epoch": "1"}')

    code = train(prefix)

    assert code == 2
    assert "unknown field `epoch`" in (prefix / "output" / "failure").read_text()


def test_script_mode_names_its_folders_by_environment(tmp_path: Path, complaints: Path) -> None:
    environ = {
        "SM_CHANNEL_TRAIN": str(complaints.parent),
        "SM_MODEL_DIR": str(tmp_path / "m"),
        "SM_HPS": '{"fit.epochs": 2}',
    }
    job = SageMakerJob(tmp_path, environ)

    assert job.data_files().data == complaints
    assert job.model == tmp_path / "m"
    assert job.overrides() == {"fit.epochs": 2}


def test_a_channel_has_one_file(prefix: Path, complaints: Path) -> None:
    shutil.copy(complaints, prefix / "input/data/training/more.csv")

    with pytest.raises(DataError, match=r"has 2 files: expected one \.csv or \.parquet"):
        SageMakerJob(prefix).data_files()


def test_a_job_without_a_training_channel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no channel 'training'"):
        SageMakerJob(tmp_path).data_files()


def test_broken_hyperparameters_are_refused(prefix: Path) -> None:
    (prefix / "input/config/hyperparameters.json").write_text("[1]")

    with pytest.raises(ConfigError, match="holds no hyperparameters"):
        SageMakerJob(prefix).overrides()


def test_the_machines_of_a_job_are_those_that_sagemaker_names(prefix: Path) -> None:
    resources = {
        "current_host": "algo-2",
        "hosts": ["algo-1", "algo-2"],
        "network_interface_name": "eth0",
        "current_instance_type": "ml.g5.xlarge",
    }
    (prefix / "input/config/resourceconfig.json").write_text(json.dumps(resources))

    cluster = SageMakerJob(prefix).cluster(processes=4)

    assert cluster == Cluster(("algo-1", "algo-2"), "algo-2", "eth0", processes=4)


def test_a_job_that_names_no_machines_has_one(prefix: Path) -> None:
    assert SageMakerJob(prefix).cluster(processes=1) == Cluster()


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ("{}", "resourceconfig.json names no machines: .*hosts"),
        ('{"hosts": ["a", "b"], "current_host": "c"}', "names a, b: current_host is c"),
    ],
)
def test_machines_that_make_no_sense_are_refused(
    prefix: Path, resources: str, message: str
) -> None:
    (prefix / "input/config/resourceconfig.json").write_text(resources)

    with pytest.raises(ConfigError, match=message):
        SageMakerJob(prefix).cluster(processes=1)


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_named(prefix: Path, port: str) -> None:
    resources = {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}
    (prefix / "input/config/resourceconfig.json").write_text(json.dumps(resources))

    with pytest.raises(ConfigError, match=f"MASTER_PORT is '{port}': expected a port, 1 to 65535"):
        SageMakerJob(prefix, {"MASTER_PORT": port}).cluster(processes=1)


def test_a_teacher_is_taken_from_its_channel(prefix: Path) -> None:
    hyperparameters = prefix / "input/config/hyperparameters.json"
    hyperparameters.write_text('{"loss.teacher": "s3://bucket/model.tar.gz"}')
    archive = prefix / "input/data/teacher/model.tar.gz"
    archive.parent.mkdir()
    archive.touch()

    assert SageMakerJob(prefix).overrides() == {"loss.teacher": str(archive)}


def test_a_teacher_channel_without_an_archive_is_refused(prefix: Path) -> None:
    (prefix / "input/data/teacher").mkdir()

    with pytest.raises(DataError, match=r"teacher has 0 files: expected one \.tar\.gz"):
        SageMakerJob(prefix).overrides()
