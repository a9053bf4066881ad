"""A process that trains and is killed on the way: WORK CONFIG STEPS."""

import sys
from pathlib import Path

import msgspec
import torch

from services.trainer.config import TrainerConfig
from services.trainer.testing.runs import DiesAfterSteps, tiny_pipeline

if __name__ == "__main__":
    torch.set_num_threads(1)
    work, config, steps = sys.argv[1:]
    pipeline = tiny_pipeline(
        Path(work), msgspec.json.decode(config, type=TrainerConfig), DiesAfterSteps(int(steps))
    )
    pipeline.fit(pipeline.open_prepared())
