"""What validation said, step by step, and the best weights so far. Survives any interruption."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from safetensors.torch import load_file, save_file

HISTORY_FILE = "history.json"
BEST_FILE = "best.safetensors"


class Validation(msgspec.Struct, frozen=True):
    """Macro F1 on the validation rows after a step."""

    step: int
    epoch: float
    macro_f1: float


class History:
    """Validations in order of steps, kept in `directory` with the best weights.

    A run that goes on from an earlier step validates some steps again; the new word replaces the
    old one, so that an interrupted run decides as an uninterrupted one does.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        path = directory / HISTORY_FILE
        self.validations: list[Validation] = (
            msgspec.json.decode(path.read_bytes(), type=list[Validation]) if path.exists() else []
        )

    def add(self, validation: Validation, weights: Mapping[str, torch.Tensor] | None) -> None:
        """Record a validation, and keep `weights` when it is better than every one before.

        A process that is not the one to write gives no weights, and writes nothing.
        """
        before = [known for known in self.validations if known.step < validation.step]
        self.validations = [*before, validation]
        if weights is None:
            return
        if all(validation.macro_f1 > known.macro_f1 for known in before):
            _replace(self._directory / BEST_FILE, weights)
        temporary = self._directory / f".{HISTORY_FILE}"
        temporary.write_bytes(msgspec.json.encode(self.validations))
        os.replace(temporary, self._directory / HISTORY_FILE)

    def best(self) -> Validation | None:
        return max(self.validations, key=lambda known: known.macro_f1, default=None)

    def has_run_out_of_patience(self, patience: int, step: int) -> bool:
        """Tell whether `patience` validations up to `step` in a row were no better."""
        known = [validation for validation in self.validations if validation.step <= step]
        if patience == 0 or not known:
            return False
        best = max(range(len(known)), key=lambda index: known[index].macro_f1)
        return len(known) - 1 - best >= patience

    def best_weights(self) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = load_file(str(self._directory / BEST_FILE))
        return weights


def _replace(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    temporary = path.with_name(f".{path.name}")
    contiguous = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    save_file(contiguous, str(temporary))
    os.replace(temporary, path)
