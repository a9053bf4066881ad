"""The folders of a SageMaker training container: where data comes from and where the model goes.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

from services.trainer.cluster import DEFAULT_PORT, Cluster
from services.trainer.errors import ConfigError, DataError
from services.trainer.files import describe_write_error
from services.trainer.prepare import DataFiles

HIGHEST_PORT = 65535
TRAINING_CHANNELS = ("training", "train")
TEST_CHANNEL = "test"
TEACHER_CHANNEL = "teacher"
COMPLAINTS = (".csv", ".parquet")
ARCHIVES = (".tar.gz",)
MAX_FAILURE_CHARACTERS = 1024  # what DescribeTrainingJob shows of FailureReason


class _Resources(msgspec.Struct, frozen=True):
    """What SageMaker says of a job's machines, the same to each but for `current_host`."""

    hosts: tuple[str, ...]
    current_host: str
    network_interface_name: str = ""


@dataclass(frozen=True)
class SageMakerJob:
    """One training job in a container; `prefix` is /opt/ml in a real one."""

    prefix: Path = Path("/opt/ml")
    environ: Mapping[str, str] = field(default_factory=dict)
    """SM_CHANNEL_*, SM_MODEL_DIR and SM_HPS, which script mode sets."""

    @property
    def work(self) -> Path:
        """SageMaker copies this folder to S3 as it changes, and back before a restart."""
        return self.prefix / "checkpoints"

    @property
    def model(self) -> Path:
        """SageMaker packs this folder when the job ends well."""
        return Path(self.environ.get("SM_MODEL_DIR", self.prefix / "model"))

    def cluster(self, processes: int) -> Cluster:
        """Return the job's machines, each with `processes`; raises ConfigError."""
        path = self.prefix / "input" / "config" / "resourceconfig.json"
        if not path.is_file():
            return Cluster(processes=processes)
        try:
            resources = msgspec.json.decode(path.read_bytes(), type=_Resources)
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"{path.name} names no machines: {path}: {error}") from error
        if resources.current_host not in resources.hosts:
            raise ConfigError(
                f"{path.name} names {', '.join(resources.hosts)}: current_host is "
                f"{resources.current_host}"
            )
        return Cluster(
            hosts=resources.hosts,
            current_host=resources.current_host,
            network_interface=resources.network_interface_name,
            processes=processes,
            port=self._port(),
        )

    def _port(self) -> int:
        value = self.environ.get("MASTER_PORT", str(DEFAULT_PORT))
        if not value.isascii() or not value.isdigit() or not 0 < int(value) <= HIGHEST_PORT:
            raise ConfigError(f"MASTER_PORT is {value!r}: expected a port, 1 to {HIGHEST_PORT}")
        return int(value)

    def overrides(self) -> dict[str, object]:
        """Return the hyperparameters, `section.field` -> value, and a teacher that came by channel.

        Raises ConfigError or DataError.
        """
        teacher = self._channel(TEACHER_CHANNEL)
        given = {"loss.teacher": str(_only_file(teacher, ARCHIVES))} if teacher.is_dir() else {}
        return {**self._hyperparameters(), **given}

    def _hyperparameters(self) -> dict[str, object]:
        path = self.prefix / "input" / "config" / "hyperparameters.json"
        try:
            content = path.read_text() if path.is_file() else self.environ.get("SM_HPS", "{}")
            values = json.loads(content)
            return {
                name: yaml.safe_load(str(value))
                for name, value in values.items()
                if not name.startswith("sagemaker_")  # the SDK's own
            }
        except (OSError, ValueError, AttributeError, yaml.YAMLError) as error:
            raise ConfigError(f"{path.name} holds no hyperparameters: {path}") from error

    def data_files(self) -> DataFiles:
        """Return the complaints of the channels; raises DataError."""
        folders = [self._channel(name) for name in TRAINING_CHANNELS]
        training = next((folder for folder in folders if folder.is_dir()), None)
        if training is None:
            raise DataError(f"there is no channel 'training': {folders[0]} is not a folder")
        test = self._channel(TEST_CHANNEL)
        return DataFiles(
            _only_file(training, COMPLAINTS),
            _only_file(test, COMPLAINTS) if test.is_dir() else None,
        )

    def deliver(self, checkpoint: Path) -> None:
        """Copy a finished checkpoint to where SageMaker takes it from; raises OutputError."""
        try:
            shutil.copytree(checkpoint, self.model, dirs_exist_ok=True)
        except OSError as error:
            raise describe_write_error(self.model, error) from error

    def report_failure(self, reason: str) -> None:
        """Say why the job failed, where SageMaker looks for it."""
        path = self.prefix / "output" / "failure"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason[:MAX_FAILURE_CHARACTERS])

    def _channel(self, name: str) -> Path:
        variable = f"SM_CHANNEL_{name.upper()}"
        return Path(self.environ.get(variable, self.prefix / "input" / "data" / name))


def _only_file(folder: Path, kinds: tuple[str, ...]) -> Path:
    files = sorted(path for path in folder.iterdir() if path.name.lower().endswith(kinds))
    if len(files) != 1:
        raise DataError(f"{folder} has {len(files)} files: expected one {' or '.join(kinds)}")
    return files[0]
