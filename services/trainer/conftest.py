from pathlib import Path

import pytest
import torch

from services.trainer.config import TrainerConfig, build_config
from services.trainer.testing.complaints import invented_rows, write_rows
from services.trainer.testing.tiny_encoder import write_tiny_encoder


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="session")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("data") / "complaints.csv", invented_rows(200))


@pytest.fixture
def config(tiny_encoder: Path) -> TrainerConfig:
    return build_config(
        {
            "encoder": {"name": str(tiny_encoder), "max_length": 32},
            "fit": {"epochs": 3, "precision": "fp32", "learning_rate": 0.003, "save_steps": 3},
            "evaluation": {"bootstrap_samples": 100},
        },
        {},
    )
