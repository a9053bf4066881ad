"""New classifiers and their tokenizer, as configured. The encoder is read once."""

import copy
from functools import cached_property

import torch

from libs.heads.spec import HeadSpec
from libs.heads.torch_classifier import ComplaintClassifier
from libs.heads.torch_head import ClassificationHead
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from libs.text.truncation import TruncationSpec
from services.trainer.config import TrainerConfig
from services.trainer.encoder import PretrainedEncoder, freeze_lowest, load_encoder
from services.trainer.first_token import compute_first_token

HEAD_SEED = 7


class ModelSource:
    """Loads the configured encoder when it is first needed; raises EncoderError then."""

    def __init__(self, config: TrainerConfig) -> None:
        self._config = config

    @cached_property
    def encoder(self) -> PretrainedEncoder:
        """The encoder as it comes. Never trained: classifiers get copies."""
        return load_encoder(self._config.encoder)

    @cached_property
    def tokenizer(self) -> NarrativeTokenizer:
        truncation = TruncationSpec(
            self._config.encoder.max_length, self._config.encoder.truncation
        )
        return NarrativeTokenizer.from_bytes(self.encoder.tokenizer_json, truncation)

    def new_classifier(self) -> ComplaintClassifier:
        """Return a copy of the encoder under a new head.

        It is the same head for every seed of training: weights that set out from the same place can
        be averaged.
        """
        spec = HeadSpec(
            kind=self._config.head.kind,
            hidden_size=self.encoder.model.config.dim,
            num_labels=len(LABEL_SCHEMA),
            bottleneck=self._config.head.bottleneck,
            dropout=self._config.head.dropout,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(HEAD_SEED)
            head = ClassificationHead(spec)
        encoder = copy.deepcopy(self.encoder.model)
        if spec.reads_first_token:
            compute_first_token(encoder)
        freeze_lowest(encoder, self._config.encoder.frozen_layers)
        return ComplaintClassifier(encoder, head)
