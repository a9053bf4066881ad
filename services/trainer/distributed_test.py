import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from torch.distributed.elastic.utils.distributed import get_free_port

from libs.artifact.checkpoint import open_checkpoint
from services.trainer import main
from services.trainer.config import TrainerConfig, build_config
from services.trainer.prepare import DataFiles
from services.trainer.submit import hyperparameters
from services.trainer.testing import distributed_fit
from services.trainer.testing.runs import tiny_pipeline
from services.trainer.testing.tiny_encoder import write_tiny_encoder

TOLERANCE = 1e-4  # sums in another order, over a few dozen steps


def losses(work: Path) -> list[float]:
    state = max((work / "fit").glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
    history = json.loads((state / "trainer_state.json").read_text())["log_history"]
    return [entry["loss"] for entry in history if "loss" in entry]


def train(work: Path, config: TrainerConfig, *launcher: str) -> list[float]:
    module = distributed_fit.__name__
    command = [sys.executable, *launcher, "-m", module, str(work), encode(config)]
    subprocess.run(command, env=environment(), check=True)
    return losses(work)


def environment(**more: str) -> dict[str, str]:
    paths = os.pathsep.join(sys.path)
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more}


def encode(config: TrainerConfig) -> str:
    return msgspec.json.encode(config).decode()


def test_two_processes_follow_the_loss_of_one_with_twice_the_batch(
    tmp_path: Path, complaints: Path, config: TrainerConfig
) -> None:
    # Dropout draws differ between processes, so there is none; 140 training rows divide evenly.
    encoder = str(write_tiny_encoder(tmp_path / "encoder", dropout=0.0))
    fields: dict[str, object] = {
        "encoder.name": encoder,
        "head.dropout": 0.0,
        "fit.patience": 0,
        "fit.epochs": 6,
    }
    fields["data.validation_fraction"] = 0.125
    config = build_config(config.to_dict(), fields)
    tiny_pipeline(tmp_path / "one", config).prepare(DataFiles(complaints))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    halved = build_config(config.to_dict(), {"fit.batch_size": config.fit.batch_size // 2})

    one = train(tmp_path / "one", config)
    two = train(
        tmp_path / "two",
        halved,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
    )

    assert len(one) >= 3
    assert two == pytest.approx(one, abs=TOLERANCE)


class Machine:
    """One machine of a job: the folders of SageMaker, and the container's command."""

    def __init__(self, prefix: Path, environ: dict[str, str]) -> None:
        self.prefix = prefix
        command = [sys.executable, "-m", main.__name__, "train", "--prefix", str(prefix)]
        with (prefix / "log.txt").open("wb") as log:
            self.process = subprocess.Popen(command, env=environ, stderr=log)

    @property
    def log(self) -> str:
        return (self.prefix / "log.txt").read_text()

    def has_saved(self) -> bool:
        return any((self.prefix / "checkpoints" / "fit").glob("checkpoint-*"))


StartJob = Callable[[TrainerConfig], list[Machine]]


@pytest.fixture
def start_job(tmp_path: Path, complaints: Path) -> Iterator[StartJob]:
    """Start a job on two machines, which are one: they find each other over loopback."""
    machines: list[Machine] = []

    def start(config: TrainerConfig) -> list[Machine]:
        hosts, environ = ["127.0.0.1", "localhost"], environment(MASTER_PORT=str(get_free_port()))
        for host in hosts:
            settings, channel = (
                tmp_path / host / "input" / name for name in ("config", "data/train")
            )
            settings.mkdir(parents=True)
            channel.mkdir(parents=True)
            resources = {"hosts": hosts, "current_host": host, "network_interface_name": "lo"}
            (settings / "resourceconfig.json").write_text(json.dumps(resources))
            (settings / "hyperparameters.json").write_text(json.dumps(hyperparameters(config)))
            shutil.copy(complaints, channel)
            machines.append(Machine(tmp_path / host, environ))
        return machines

    yield start
    for machine in machines:
        machine.process.terminate()  # torchrun ends its processes; a killed one would leave them
        machine.process.wait(60)


def test_a_job_on_two_machines_publishes_from_the_first(
    start_job: StartJob, config: TrainerConfig
) -> None:
    first, second = start_job(build_config(config.to_dict(), {"fit.epochs": 1, "fit.patience": 0}))

    codes = [machine.process.wait(180) for machine in (first, second)]

    assert codes == [0, 0], first.log + second.log
    assert open_checkpoint(first.prefix / "model").info.evaluation["rows"]
    assert not (second.prefix / "model").exists()


def test_a_signal_to_one_machine_stops_both_at_the_same_step(
    start_job: StartJob, config: TrainerConfig
) -> None:
    first, second = start_job(
        build_config(config.to_dict(), {"fit.epochs": 400, "fit.patience": 0})
    )
    while not second.has_saved():
        assert second.process.poll() is None, second.log
        time.sleep(0.1)
    first.process.terminate()

    codes = [machine.process.wait(60) for machine in (first, second)]

    assert codes == [1, 1]
    steps = [re.findall(r"to stop and saved step (\d+)", one.log) for one in (first, second)]
    assert steps[0] == steps[1] != []
