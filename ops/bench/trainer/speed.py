"""Training examples a second: our fit against the Hugging Face Trainer as it comes, in turns."""

import copy
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import DistilBertForSequenceClassification, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from libs.events.labelled import ComplaintRow
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.config import TrainerConfig, build_config
from services.trainer.dataset import Example, TokenizedSplit, class_counts, tokenize_batches
from services.trainer.fit import FitTask, FitWatcher, fit
from services.trainer.gather import prepared_batch
from services.trainer.losses import build_loss
from services.trainer.model import ModelSource


@dataclass(frozen=True)
class SpeedPlan:
    rows: Sequence[ComplaintRow]
    max_length: int
    batch_size: int
    rounds: int


class SpeedResult(msgspec.Struct, frozen=True):
    """Examples a second, a round each; `ratio` is that of the medians."""

    ours: list[float]
    defaults: list[float]
    precision: str

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.defaults)


def measure_speed(plan: SpeedPlan) -> SpeedResult:
    """Train one epoch with each, `rounds` times in turns, on the same rows and batch size."""
    config = build_config(
        {},
        {
            "encoder.max_length": plan.max_length,
            "fit.batch_size": plan.batch_size,
            "fit.epochs": 1,
            "fit.save_steps": 10**6,
        },
    )
    source = ModelSource(config)
    split = _tokenize(plan, source)
    ours, defaults, precision = [], [], ""
    for _ in range(plan.rounds):
        with _folder() as folder:
            outcome_speed, precision = _our_speed(config, source, split, folder)
            ours.append(outcome_speed)
        with _folder() as folder:
            defaults.append(_default_speed(plan, source, split, folder))
    return SpeedResult(ours, defaults, precision)


def _our_speed(
    config: TrainerConfig, source: ModelSource, split: TokenizedSplit, folder: Path
) -> tuple[float, str]:
    task = FitTask(
        classifier=source.new_classifier(),
        train=split,
        # The fit validates once, which is no part of what is measured.
        validation=split.take(np.arange(2)),
        pad_id=source.tokenizer.pad_id,
        loss=build_loss(config.loss, class_counts(split.label_ids, len(LABEL_SCHEMA))),
        config=config.fit,
        directory=folder,
    )
    started = time.monotonic()
    outcome = fit(task, FitWatcher())
    return len(split) / (time.monotonic() - started), outcome.precision


def _default_speed(
    plan: SpeedPlan, source: ModelSource, split: TokenizedSplit, folder: Path
) -> float:
    """The Trainer's defaults but for the batch size: fp32, padded to max_length, attention and
    dropout as the library sets them."""
    config = copy.deepcopy(source.encoder.model.config)
    config.attention_dropout = type(config)().attention_dropout
    config.num_labels = len(LABEL_SCHEMA)
    config._attn_implementation = "sdpa"
    model = DistilBertForSequenceClassification(config)
    model.distilbert.load_state_dict(source.encoder.model.state_dict())
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=1,
            per_device_train_batch_size=plan.batch_size,
            use_cpu=not torch.cuda.is_available(),
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=_Padded(split, plan.max_length, source.tokenizer.pad_id),
    )
    trainer.remove_callback(PrinterCallback)
    started = time.monotonic()
    trainer.train()
    return len(split) / (time.monotonic() - started)


class _Padded(Dataset[dict[str, torch.Tensor]]):
    """Every row padded to the same length, as `padding="max_length"` gives it."""

    def __init__(self, split: TokenizedSplit, length: int, pad_id: int) -> None:
        self._split = split
        self._length = length
        self._pad_id = pad_id

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        example: Example = self._split[index]
        ids = torch.full((self._length,), self._pad_id)
        ids[: len(example.input_ids)] = torch.from_numpy(example.input_ids)
        mask = (torch.arange(self._length) < len(example.input_ids)).long()
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "labels": torch.tensor(example.label_id),
        }


def _tokenize(plan: SpeedPlan, source: ModelSource) -> TokenizedSplit:
    return tokenize_batches([prepared_batch(plan.rows)], source.tokenizer)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
