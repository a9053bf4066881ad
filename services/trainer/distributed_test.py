import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from services.trainer.config import TrainerConfig, build_config
from services.trainer.prepare import DataFiles
from services.trainer.testing import distributed_fit
from services.trainer.testing.runs import tiny_pipeline
from services.trainer.testing.tiny_encoder import write_tiny_encoder

TOLERANCE = 1e-4  # sums in another order, over a few dozen steps


def losses(work: Path) -> list[float]:
    state = max((work / "fit").glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
    history = json.loads((state / "trainer_state.json").read_text())["log_history"]
    return [entry["loss"] for entry in history if "loss" in entry]


def train(work: Path, config: TrainerConfig, *launcher: str) -> list[float]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    module = distributed_fit.__name__
    command = [sys.executable, *launcher, "-m", module, str(work), encode(config)]
    subprocess.run(command, env=environment, check=True)
    return losses(work)


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
