"""The images of trainer, exporter and serving, in the order of the agent's pipeline.

Folders are those of a SageMaker job; the commands are those of the pipeline's own definition.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from libs.artifact.archive import unpack_artifact
from libs.artifact.checkpoint import open_checkpoint
from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.testing.pipeline import pipeline_steps
from services.trainer.testing.complaints import invented_rows, write_rows
from tests.images.engine import ContainerSpec, Mount, built_image, run_to_end
from tests.images.serving_container import ServingSpec, running_image

TRAINING_MEMORY, EXPORT_MEMORY = "4g", "3g"
JOB_SECONDS = 270
# The encoder that ships with the trainer, on few and short rows.
HYPERPARAMETERS = {
    "encoder.max_length": "32",
    "fit.epochs": "3",
    "fit.batch_size": "8",
    "evaluation.bootstrap_samples": "100",
}
VERSION = "20260101T000000Z-ab12cd34"
TRAIN, PROCESSING = "/opt/ml", "/opt/ml/processing"


@dataclass(frozen=True)
class TrainingJob:
    """The folders of a training job, and the image run over them."""

    root: Path

    def run(self, **environ: str) -> CompletedProcess[str]:
        spec = ContainerSpec(
            built_image("trainer"),
            ("train",),
            mounts=(Mount(self.root, TRAIN, is_writable=True),),
            environ=environ,
            memory=TRAINING_MEMORY,
        )
        return run_to_end(spec, JOB_SECONDS)

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"


def training_job(root: Path) -> TrainingJob:
    """Lay out what SageMaker lays out; whoever root is in the container, it may write."""
    for folder in ("input/config", "input/data/training", "model", "output/data"):
        (root / folder).mkdir(parents=True)
    (root / "input/config/hyperparameters.json").write_text(json.dumps(HYPERPARAMETERS))
    write_rows(root / "input/data/training/complaints.csv", invented_rows(300))
    let_everyone_write(root)
    return TrainingJob(root)


def let_everyone_write(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingJob:
    job = training_job(tmp_path_factory.mktemp("training"))
    result = job.run()
    assert result.returncode == 0, result.stderr
    return job


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    return pipeline_steps()


def process(step: dict[str, Any], inputs: dict[str, Path], output: Path) -> None:
    """Run a processing step in the exporter's image; each input is a file."""
    output.mkdir(exist_ok=True)
    let_everyone_write(output)
    program, *arguments = step["AppSpecification"]["ContainerEntrypoint"]
    names = {each["InputName"]: each["S3Input"]["LocalPath"] for each in step["ProcessingInputs"]}
    assert set(names) == set(inputs)
    spec = ContainerSpec(
        built_image("onnx_exporter"),
        tuple(arguments),
        mounts=(
            *(Mount(inputs[name], f"{names[name]}/{inputs[name].name}") for name in names),
            Mount(output, f"{PROCESSING}/output", is_writable=True),
        ),
        environ={"VERSION": VERSION},
        entrypoint=program,
        memory=EXPORT_MEMORY,
    )
    result = run_to_end(spec, JOB_SECONDS)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def holdout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("holdout") / "holdout.csv", invented_rows(200, 99))


@pytest.fixture(scope="module")
def artifact(
    trained: TrainingJob,
    steps: dict[str, dict[str, Any]],
    holdout: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Pack what was trained as SageMaker packs it, and export it."""
    folder = tmp_path_factory.mktemp("export")
    archive = Path(shutil.make_archive(str(folder / "model"), "gztar", trained.model))
    inputs = {"checkpoint": archive, "holdout": holdout}
    process(steps["Export"], inputs, folder / "output")
    return folder / "output" / "model.tar.gz"


def test_a_training_job_leaves_a_checkpoint_and_no_failure(trained: TrainingJob) -> None:
    checkpoint = open_checkpoint(trained.model)

    assert checkpoint.info.label_schema == LABEL_SCHEMA
    assert checkpoint.info.hyperparameters["fit.epochs"] == 3
    assert not trained.failure.exists()


def test_a_training_job_without_usable_data_says_why_where_sagemaker_looks(tmp_path: Path) -> None:
    job = training_job(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "complaints.csv").write_text("text\nA\n")

    result = job.run(SM_CHANNEL_TRAINING=f"{TRAIN}/elsewhere")

    assert result.returncode == 2
    assert "no column 'narrative'" in job.failure.read_text()
    assert "Traceback" not in result.stderr
    assert list(job.model.iterdir()) == []


def test_the_export_step_makes_a_whole_artifact_of_what_was_trained(
    artifact: Path, tmp_path: Path
) -> None:
    unpacked = unpack_artifact(artifact, tmp_path / "unpacked")

    assert unpacked.manifest.version == VERSION
    assert (artifact.parent / "export_report.json").is_file()


def test_the_verify_step_takes_the_artifact(
    steps: dict[str, dict[str, Any]], artifact: Path, tmp_path: Path
) -> None:
    process(steps["Verify"], {"artifact": artifact}, tmp_path / "output")

    assert VERSION in (tmp_path / "output" / "artifact.json").read_text()


def test_the_evaluate_step_compares_champion_and_candidate(
    steps: dict[str, dict[str, Any]], artifact: Path, holdout: Path, tmp_path: Path
) -> None:
    inputs = {"champion": artifact, "artifact": artifact, "holdout": holdout}

    process(steps["Evaluate"], inputs, tmp_path / "output")

    assert json.loads((tmp_path / "output" / "evaluation.json").read_text())


def test_the_serving_image_serves_the_artifact(artifact: Path, tmp_path: Path) -> None:
    model = unpack_artifact(artifact, tmp_path / "model").directory
    let_everyone_write(model)

    with running_image(ServingSpec(built_image("serving"), model), tmp_path / "log") as container:
        answer = container.post(b'{"text": "my card interest and the limit of my card"}').json()

    assert answer["label"] == "credit_card"
