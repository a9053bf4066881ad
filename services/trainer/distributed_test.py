import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from libs.artifact.checkpoint import open_checkpoint
from services.trainer.config import TrainerConfig, build_config
from services.trainer.prepare import DataFiles
from services.trainer.submit import hyperparameters
from services.trainer.testing import distributed_fit
from services.trainer.testing.runs import tiny_pipeline
from services.trainer.testing.tiny_encoder import write_tiny_encoder

LOG = "log.txt"
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


def test_a_job_on_two_machines_publishes_from_the_first(
    tmp_path: Path, complaints: Path, config: TrainerConfig
) -> None:
    config = build_config(config.to_dict(), {"fit.epochs": 1, "fit.patience": 0})
    port, hosts = free_port(), ["127.0.0.1", "localhost"]

    machines = [start_machine(tmp_path / host, complaints, config, hosts, port) for host in hosts]
    codes = [machine.wait() for machine in machines]

    assert codes == [0, 0], [(tmp_path / host / LOG).read_text() for host in hosts]
    first, second = (tmp_path / host / "model" for host in hosts)
    assert open_checkpoint(first).info.evaluation["rows"]
    assert not second.exists()


def test_a_signal_to_one_machine_stops_both_at_the_same_step(
    tmp_path: Path, complaints: Path, config: TrainerConfig
) -> None:
    config = build_config(config.to_dict(), {"fit.epochs": 400, "fit.patience": 0})
    port, hosts = free_port(), ["127.0.0.1", "localhost"]

    machines = [start_machine(tmp_path / host, complaints, config, hosts, port) for host in hosts]
    while not states(tmp_path / hosts[1]):
        assert machines[1].poll() is None
        time.sleep(0.1)
    machines[0].terminate()
    codes = [machine.wait(60) for machine in machines]

    assert codes == [1, 1]
    first, second = (saved_step(tmp_path / host) for host in hosts)
    assert first == second != ""


def states(prefix: Path) -> list[str]:
    return sorted(path.name for path in (prefix / "checkpoints" / "fit").glob("checkpoint-*"))


def saved_step(prefix: Path) -> str:
    """Return the step that a machine says it saved when it was asked to stop."""
    said = re.search(r"asked to stop and saved step (\d+)", (prefix / LOG).read_text())
    return said.group(1) if said else ""


def start_machine(
    prefix: Path, complaints: Path, config: TrainerConfig, hosts: list[str], port: int
) -> subprocess.Popen[bytes]:
    """Start one machine of a job: the folders of SageMaker, and the container's command."""
    folders = [prefix / "input" / name for name in ("config", "data/training")]
    for folder in folders:
        folder.mkdir(parents=True)
    resources = {"hosts": hosts, "current_host": prefix.name, "network_interface_name": "lo"}
    (folders[0] / "resourceconfig.json").write_text(json.dumps(resources))
    (folders[0] / "hyperparameters.json").write_text(json.dumps(hyperparameters(config)))
    shutil.copy(complaints, folders[1])
    command = [sys.executable, "-m", "services.trainer.main", "train", "--prefix", str(prefix)]
    with (prefix / LOG).open("wb") as log:
        return subprocess.Popen(command, env=environment(MASTER_PORT=str(port)), stderr=log)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
