"""Logits of many narratives, batched by length, in their own order."""

import numpy as np
import numpy.typing as npt
import torch
from transformers import DistilBertModel

from libs.heads.torch_classifier import ComplaintClassifier
from libs.heads.torch_ngrams import NgramBranch
from services.trainer.batches import collate
from services.trainer.dataset import TokenizedSplit

BATCH_TOKENS = 4096

Floats = npt.NDArray[np.float64]


def predict_logits(classifier: ComplaintClassifier, split: TokenizedSplit, pad_id: int) -> Floats:
    """Return logits (rows, num_labels), computed in float32 and evaluation mode."""
    logits = np.zeros((len(split), classifier.head.spec.num_labels))
    was_training = classifier.training
    classifier.eval()
    device = next(classifier.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, enabled=False):
        for rows in _batches(split.lengths):
            batch = collate([split[index] for index in rows.tolist()], pad_id)
            output = classifier(batch["input_ids"].to(device), batch["attention_mask"].to(device))
            logits[rows] = output.float().cpu().numpy()
    classifier.train(was_training)
    return logits


def ngram_scores(branch: NgramBranch, split: TokenizedSplit, pad_id: int) -> Floats:
    """Return the scores (rows, num_labels) of a sparse branch."""
    scores = np.zeros((len(split), len(branch.bias)))
    with torch.inference_mode():
        for rows in _batches(split.lengths):
            batch = collate([split[index] for index in rows.tolist()], pad_id)
            scores[rows] = branch(batch["input_ids"]).numpy()
    return scores


def cls_vectors(encoder: DistilBertModel, split: TokenizedSplit, pad_id: int) -> Floats:
    """Return the [CLS] vectors (rows, hidden_size) of an encoder as it is."""
    vectors = np.zeros((len(split), encoder.config.dim))
    encoder.train(False)
    with torch.inference_mode():
        for rows in _batches(split.lengths):
            batch = collate([split[index] for index in rows.tolist()], pad_id)
            hidden = encoder(batch["input_ids"], batch["attention_mask"]).last_hidden_state
            vectors[rows] = hidden[:, 0].float().numpy()
    return vectors


def _batches(lengths: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Group rows of like length, about BATCH_TOKENS tokens a group."""
    order = np.argsort(lengths, kind="stable")
    groups: list[npt.NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and lengths[order[stop]] * (stop + 1 - start) <= BATCH_TOKENS:
            stop += 1
        groups.append(order[start:stop])
        start = stop
    return groups
