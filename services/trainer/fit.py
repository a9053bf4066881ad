"""Fine-tunes encoder and head with the Hugging Face Trainer; goes on where it was interrupted."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from libs.evaluation.metrics import confusion_matrix, macro_f1
from libs.heads.torch_classifier import ComplaintClassifier
from services.trainer import distributed
from services.trainer.batches import BatchPlan, LengthGroupedBatches, collate
from services.trainer.config import FitConfig
from services.trainer.dataset import TokenizedSplit
from services.trainer.errors import InterruptedTrainingError, TrainingError
from services.trainer.files import write_errors_named
from services.trainer.history import History, Validation
from services.trainer.issues import IssueClassifier, issue_losses
from services.trainer.losses import Loss, teach_loss
from services.trainer.optimizer import build_optimizer
from services.trainer.predict import predict_logits
from services.trainer.states import (
    PREFIX,
    keep_latest,
    latest_state,
    mark_complete,
    state_step,
)

Weights = Mapping[str, torch.Tensor]
"""Of encoder and head, by name."""

STATES_KEPT = 2


@dataclass(frozen=True)
class FitTask:
    """All that one training run needs."""

    classifier: ComplaintClassifier
    train: TokenizedSplit
    validation: TokenizedSplit
    pad_id: int
    loss: Loss
    config: FitConfig
    directory: Path
    """States, the best weights and TensorBoard's events live here."""
    teacher_share: float = 0.0
    """How much of the loss is the teacher's, for rows that have been taught."""
    issue_weight: float = 0.0
    """What the loss of issues counts beside that of labels, for rows that have issue ids."""


@dataclass(frozen=True)
class FitWatcher:
    """Who is told of progress, and who may ask training to stop."""

    on_step: Callable[[int, int, float], None] = lambda step, steps, loss: None
    on_log: Callable[[Mapping[str, float], int], None] = lambda figures, step: None
    on_validation: Callable[[Validation], None] = lambda validation: None
    is_stop_wanted: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class FitOutcome:
    best: Validation
    steps: int
    resumed_from: int
    """The step that the run went on from; 0 for a run from the start."""
    examples_per_second: float
    precision: str


@dataclass(frozen=True)
class FittedWeights:
    """The best weights of a run, and how it went."""

    weights: Weights
    outcome: FitOutcome


def fit(task: FitTask, watcher: FitWatcher) -> FitOutcome:
    """Train and leave the best weights in `task.classifier`.

    Raises TrainingError, OutputError, or InterruptedTrainingError once a state has been saved.
    """
    task.directory.mkdir(parents=True, exist_ok=True)
    if task.config.threads:
        torch.set_num_threads(task.config.threads)
    state = latest_state(task.directory)
    first_step = state_step(state) if state else 0
    history = History(task.directory)
    arguments = _arguments(task)
    follower = _Follower(task, history, watcher)
    trainer = _ComplaintTrainer(task, arguments, follower)
    speed = 0.0
    if not history.has_run_out_of_patience(task.config.patience, first_step):
        speed = _train(trainer, state, task.directory)
    distributed.wait_for_all()
    if follower.was_interrupted:
        raise InterruptedTrainingError(
            f"training was asked to stop and saved step {trainer.state.global_step}: "
            "the same command goes on from there"
        )
    best = history.best()
    assert best is not None
    task.classifier.load_state_dict(history.best_weights())
    task.classifier.eval()
    steps = history.validations[-1].step
    return FitOutcome(best, steps, first_step, speed, "bf16" if arguments.bf16 else "fp32")


def validation_macro_f1(
    classifier: ComplaintClassifier, split: TokenizedSplit, pad_id: int
) -> float:
    """Return the macro F1 of encoder and head, every row counted once."""
    logits = predict_logits(classifier, split, pad_id)
    confusion = confusion_matrix(split.label_ids, logits.argmax(axis=1), logits.shape[1])
    return float(macro_f1(confusion))


def resolve_precision(config: FitConfig) -> str:
    """Return bf16 where it is wanted, or where `auto` finds hardware that computes in it."""
    if config.precision != "auto":
        return config.precision
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


def _train(trainer: Trainer, state: Path | None, directory: Path) -> float:
    """Train to the end and return the examples per second since `state`."""
    started, first_step = time.monotonic(), state_step(state) if state else 0
    with write_errors_named(directory):
        trainer.train(resume_from_checkpoint=str(state) if state else None)
    steps = trainer.state.global_step - first_step
    arguments = trainer.args
    examples = steps * arguments.train_batch_size * arguments.gradient_accumulation_steps
    return float(examples * arguments.world_size / (time.monotonic() - started))


def _arguments(task: FitTask) -> TrainingArguments:
    config = task.config
    return TrainingArguments(
        output_dir=str(task.directory),
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        num_train_epochs=config.epochs,
        max_grad_norm=config.max_gradient_norm,
        warmup_ratio=config.warmup,
        lr_scheduler_type="linear",
        bf16=resolve_precision(config) == "bf16",
        use_cpu=not torch.cuda.is_available(),
        seed=config.seed,
        save_strategy="steps",
        save_steps=config.save_steps,
        logging_steps=10,
        logging_nan_inf_filter=False,
        report_to=["tensorboard"],
        logging_dir=str(task.directory / "tensorboard"),
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        ddp_find_unused_parameters=False,
        ddp_backend=distributed.backend(),
        save_on_each_node=True,
    )


class _ComplaintTrainer(Trainer):
    """The HF Trainer with our batches, our loss and our learning rates."""

    def __init__(self, task: FitTask, arguments: TrainingArguments, follower: "_Follower") -> None:
        self._task = task
        super().__init__(model=_trained_module(task), args=arguments, callbacks=[follower])
        self.remove_callback(PrinterCallback)  # type: ignore[no-untyped-call]
        if task.config.gradient_checkpointing:
            task.classifier.encoder.gradient_checkpointing_enable()

    def get_train_dataloader(self) -> DataLoader[Any]:
        plan = BatchPlan(
            batch_size=self._task.config.batch_size,
            seed=self._task.config.seed,
            group_by_length=self._task.config.group_by_length,
            world_size=self.args.world_size,
            rank=self.args.process_index,
        )
        pad_id = self._task.pad_id
        return _EpochLoader(
            self._task.train,  # type: ignore[arg-type]
            batch_sampler=LengthGroupedBatches(self._task.train.lengths, plan),
            collate_fn=lambda examples: collate(examples, pad_id),
        )

    def create_optimizer(self) -> torch.optim.Optimizer:
        assert isinstance(self.model, torch.nn.Module)
        layers = int(self._task.classifier.encoder.config.n_layers)
        self.optimizer = build_optimizer(self.model, layers, self._task.config)
        return self.optimizer

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        outputs = model(inputs["input_ids"], inputs["attention_mask"])
        if self._task.train.issue_ids is None:
            losses = self._label_losses(outputs, inputs)
        else:
            logits, issue_logits = outputs
            told = issue_losses(issue_logits, inputs["issues"])
            losses = self._label_losses(logits, inputs) + self._task.issue_weight * told
        # The mean is over rows, not over weights, so that batches of equal size can be averaged.
        loss = (losses * inputs["weights"]).mean()
        if not math.isfinite(loss.item()):
            raise TrainingError(
                f"the loss is {loss.item()} at step {self.state.global_step + 1}: lower "
                "fit.learning_rate, or train with fit.precision fp32"
            )
        return loss

    def _label_losses(self, logits: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        losses = self._task.loss(logits, inputs["labels"])
        if "taught" not in inputs:
            return losses
        return teach_loss(losses, logits, inputs["taught"], self._task.teacher_share)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)  # type: ignore[no-untyped-call]
        distributed.wait_for_all()
        if self.args.should_save:
            mark_complete(self._task.directory / f"{PREFIX}{self.state.global_step}")
            keep_latest(self._task.directory, STATES_KEPT)


def _trained_module(task: FitTask) -> ComplaintClassifier | IssueClassifier:
    if task.train.issue_ids is None:
        return task.classifier
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.config.seed)
        return IssueClassifier(task.classifier, int(task.train.issue_ids.max()) + 1)


class _EpochLoader(DataLoader[Any]):
    def set_epoch(self, epoch: int) -> None:
        assert isinstance(self.batch_sampler, LengthGroupedBatches)
        self.batch_sampler.set_epoch(epoch)


class _Follower(TrainerCallback):
    """Validates at the end of each epoch, before the state of that step is saved; stops early."""

    def __init__(self, task: FitTask, history: History, watcher: FitWatcher) -> None:
        self._task = task
        self._history = history
        self._watcher = watcher
        self.was_interrupted = False

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        loss = state.log_history[-1].get("loss", math.nan) if state.log_history else math.nan
        self._watcher.on_step(state.global_step, state.max_steps, loss)
        if self._is_epoch_end(state):
            self._validate(state)
            control.should_save = True
            if self._history.has_run_out_of_patience(self._task.config.patience, state.global_step):
                control.should_training_stop = True
        # Signals reach machines at different steps; those that went on would wait for the others.
        is_stop_wanted = distributed.is_any(self._watcher.is_stop_wanted())
        if is_stop_wanted and state.global_step < state.max_steps:
            self.was_interrupted = True
            control.should_save = True
            control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **_: Any,
    ) -> None:
        if state.is_world_process_zero:
            self._watcher.on_log(logs or {}, state.global_step)

    def _is_epoch_end(self, state: TrainerState) -> bool:
        epoch = state.epoch or 0.0
        return abs(epoch - round(epoch)) < 1e-6 or state.global_step >= state.max_steps

    def _validate(self, state: TrainerState) -> None:
        validation = Validation(
            step=state.global_step,
            epoch=state.epoch or 0.0,
            macro_f1=validation_macro_f1(
                self._task.classifier, self._task.validation, self._task.pad_id
            ),
        )
        is_writer = state.is_local_process_zero
        self._history.add(validation, self._task.classifier.state_dict() if is_writer else None)
        if is_writer:
            self._watcher.on_validation(validation)
