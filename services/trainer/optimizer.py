"""AdamW with a learning rate for each depth: the head fastest, the embeddings slowest."""

import re
from typing import Any

import torch
from torch import nn

from services.trainer.config import FitConfig

_LAYER = re.compile(r"encoder\.transformer\.layer\.(\d+)\.")


def build_optimizer(module: nn.Module, layers: int, config: FitConfig) -> torch.optim.AdamW:
    """Return AdamW over one parameter group a learning rate and decay.

    `module` holds an encoder of so many layers; what is outside of it learns as the head does.
    """
    return torch.optim.AdamW(parameter_groups(module, layers, config), fused=True)


def parameter_groups(module: nn.Module, layers: int, config: FitConfig) -> list[dict[str, Any]]:
    """Group parameters by learning rate; biases and layer norms do not decay.

    Layer-wise decay: Howard and Ruder 2018, "Universal Language Model Fine-tuning", 3.2.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        decay = 0.0 if parameter.ndim < 2 else config.weight_decay
        rate = _learning_rate(name, layers, config)
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def _learning_rate(name: str, layers: int, config: FitConfig) -> float:
    if "encoder." not in name:
        return config.head_learning_rate
    found = _LAYER.search(name)
    depth = layers - 1 - int(found.group(1)) if found else layers
    return config.learning_rate * config.layer_decay**depth
