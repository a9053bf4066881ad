"""One process of a training run, alone or under torchrun: WORK CONFIG."""

import sys
from pathlib import Path

import msgspec
import torch

from services.trainer.config import TrainerConfig
from services.trainer.testing.runs import tiny_pipeline

if __name__ == "__main__":
    torch.set_num_threads(1)
    work, config = sys.argv[1:]
    pipeline = tiny_pipeline(Path(work), msgspec.json.decode(config, type=TrainerConfig))
    pipeline.fit(pipeline.open_prepared())
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
