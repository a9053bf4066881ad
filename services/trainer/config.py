"""The trainer's configuration: every field, its meaning, bounds and default. Reads no file."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from libs.artifact.manifest import Scalar
from libs.heads.spec import HeadKind
from libs.text.truncation import TruncationStrategy
from services.trainer.errors import ConfigError
from services.trainer.reading import Reading

SplitKind = Literal["clustered", "random", "temporal"]
LossKind = Literal["cross_entropy", "class_balanced", "square_root", "focal", "logit_adjusted"]
LabelPrior = Literal["training", "uniform"]
WEIGHING_LOSSES: tuple[LossKind, ...] = ("class_balanced", "square_root", "logit_adjusted")
PriorScope = Literal["file", "source", "variant"]
Precision = Literal["auto", "fp32", "bf16"]
BaselineKind = Literal["tfidf_svm", "frozen_encoder"]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of fields; unknown ones are refused."""


class DataConfig(Section, frozen=True, kw_only=True):
    split: Annotated[
        SplitKind,
        Meta(
            description="How test and validation rows are chosen: clustered keeps near duplicates "
            "on one side, random is stratified by label, temporal tests on the latest."
        ),
    ] = "clustered"
    test_fraction: Annotated[
        float, Meta(ge=0, lt=1, description="Share held out for the evaluation report.")
    ] = 0.2
    validation_fraction: Annotated[
        float,
        Meta(gt=0, lt=1, description="Share of the rest, for early stopping and calibration."),
    ] = 0.1
    limit: Annotated[
        int, Meta(ge=0, description="Use this many rows, drawn evenly over the file; 0 is all.")
    ] = 0
    similarity: Annotated[
        float,
        Meta(gt=0, le=1, description="Jaccard similarity of word 4-grams of a near duplicate."),
    ] = 0.7
    check_leaks: Annotated[
        bool,
        Meta(description="Fail when a near duplicate crosses a clustered or temporal split."),
    ] = True
    seed: Annotated[int, Meta(ge=0, le=2**31, description="Seed of drawing and splitting.")] = 7


class EncoderConfig(Section, frozen=True, kw_only=True):
    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            description="minilm (ships with the program), a Hugging Face id, or a folder.",
        ),
    ] = "minilm"
    allow_download: Annotated[
        bool, Meta(description="Let a Hugging Face id be fetched when it is not in the cache.")
    ] = False
    max_length: Annotated[
        int, Meta(ge=3, le=512, description="Tokens a narrative is cut to, special ones included.")
    ] = 256
    truncation: Annotated[
        TruncationStrategy,
        Meta(description="head keeps the beginning, head_tail the beginning and the end."),
    ] = "head"
    reads: Annotated[
        Reading,
        Meta(
            description="What becomes tokens: everything; compact_markup makes a run of redactions "
            "(XXXX XX/XX/XXXX) one token and an amount {$10.00} to $10; content_words leaves out "
            "redactions, punctuation, and English articles, prepositions, conjunctions and "
            "auxiliaries (the, of, and, was)."
        ),
    ] = "compact_markup"
    layers: Annotated[
        int, Meta(ge=0, description="Keep this many layers, from the lowest up; 0 is all.")
    ] = 0
    frozen_layers: Annotated[
        int,
        Meta(
            ge=0,
            description="The embeddings and this many of the lowest layers stay as they are; 0 "
            "trains everything.",
        ),
    ] = 0
    attention_dropout: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="Dropout of attention weights; on a CPU it takes half of the time.",
        ),
    ] = 0.0


class HeadConfig(Section, frozen=True, kw_only=True):
    kind: Annotated[
        HeadKind, Meta(description="Pooling: cls_mlp, mean, or cls_mean (both side by side).")
    ] = "cls_mean"
    bottleneck: Annotated[int, Meta(ge=1, description="Width of the hidden layer.")] = 128
    dropout: Annotated[float, Meta(ge=0, lt=1, description="Dropout before the last layer.")] = 0.3


class PriorConfig(Section, frozen=True, kw_only=True):
    labels: Annotated[
        LabelPrior,
        Meta(
            description="How frequent labels are where the model works: as in the training rows, "
            "or uniform, every label alike, as macro F1 counts them. Rows weigh accordingly in "
            "training and calibration."
        ),
    ] = "training"
    within: Annotated[
        PriorScope,
        Meta(
            description="Where a uniform prior holds: over the whole file, or within every value "
            "of its column source or variant, so that how a row was prepared tells nothing of its "
            "label."
        ),
    ] = "file"

    def __post_init__(self) -> None:
        if self.within != "file" and self.labels == "training":
            raise ValueError(f"within is {self.within}, which asks for labels: uniform")


class LossConfig(Section, frozen=True, kw_only=True):
    kind: Annotated[
        LossKind,
        Meta(
            description="cross_entropy; class_balanced (Cui et al. 2019); square_root (weights by "
            "inverse root of class frequency); focal (Lin et al. 2017); logit_adjusted (Menon "
            "et al. 2021)."
        ),
    ] = "square_root"
    label_smoothing: Annotated[
        float, Meta(ge=0, lt=1, description="Share of the target spread evenly over all labels.")
    ] = 0.05
    gamma: Annotated[float, Meta(ge=0, description="Focal: how much easy rows lose.")] = 2.0
    beta: Annotated[float, Meta(ge=0, lt=1, description="Class-balanced: 0 is no weighting.")] = (
        0.999
    )
    tau: Annotated[float, Meta(ge=0, description="Logit-adjusted: strength; 1 is the paper's.")] = (
        1.0
    )
    teacher_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Share of the target that a sparse model gives, which has not seen the "
            "row: what it doubts is learned with doubt. 0 is no teacher.",
        ),
    ] = 0.0
    issue_weight: Annotated[
        float,
        Meta(
            ge=0,
            description="Weight of a second loss: to tell a complaint's issue (column issue) too, "
            "which says more than its label. What tells it is not kept. 0 is no such loss.",
        ),
    ] = 0.0
    issue_rows: Annotated[
        int, Meta(ge=1, description="Training rows of a label and issue that are worth learning.")
    ] = 40
    teacher: Annotated[
        str,
        Meta(
            max_length=1000,
            description="A model.tar.gz that has half of the teacher's word; empty is none.",
        ),
    ] = ""

    def __post_init__(self) -> None:
        if self.teacher and not self.teacher_share:
            raise ValueError("teacher is set, which asks for a teacher_share above 0")


class FitConfig(Section, frozen=True, kw_only=True):
    epochs: Annotated[float, Meta(gt=0, le=1000, description="Passes over the training rows.")] = 3
    batch_size: Annotated[int, Meta(ge=1, description="Rows a step and process.")] = 16
    gradient_accumulation: Annotated[int, Meta(ge=1, description="Batches a weight update.")] = 1
    learning_rate: Annotated[
        float, Meta(gt=0, le=1, description="Peak learning rate of the encoder's last layer.")
    ] = 1e-4
    head_learning_rate: Annotated[
        float, Meta(gt=0, le=1, description="Peak learning rate of the head.")
    ] = 1e-3
    layer_decay: Annotated[
        float,
        Meta(gt=0, le=1, description="Each layer below learns at this share of the one above."),
    ] = 0.95
    weight_decay: Annotated[float, Meta(ge=0, le=1, description="AdamW weight decay.")] = 0.01
    warmup: Annotated[float, Meta(ge=0, lt=1, description="Share of steps to warm up.")] = 0.06
    max_gradient_norm: Annotated[float, Meta(gt=0, description="Gradients are cut to it.")] = 1.0
    group_by_length: Annotated[
        bool, Meta(description="Batch narratives of like length, so that little is padding.")
    ] = True
    precision: Annotated[
        Precision, Meta(description="auto is bf16 where the CPU or GPU computes in it.")
    ] = "auto"
    gradient_checkpointing: Annotated[
        bool, Meta(description="Trade time for memory by computing activations twice.")
    ] = False
    patience: Annotated[
        int,
        Meta(ge=0, description="Stop after so many epochs without a better macro F1; 0 is never."),
    ] = 2
    save_steps: Annotated[int, Meta(ge=1, description="Steps between resumable states.")] = 200
    seed: Annotated[int, Meta(ge=0, le=2**31, description="Seed of training.")] = 7
    threads: Annotated[int, Meta(ge=0, description="CPU threads; 0 leaves it to torch.")] = 0


class NgramConfig(Section, frozen=True, kw_only=True):
    enabled: Annotated[
        bool, Meta(description="Add a sparse linear branch over token n-grams to the logits.")
    ] = True
    max_ngrams: Annotated[
        int, Meta(ge=1, description="Keep this many, those that tell labels apart best.")
    ] = 50_000
    minimum_rows: Annotated[
        int, Meta(ge=1, description="Training rows that an n-gram must occur in.")
    ] = 3
    max_rows: Annotated[
        int, Meta(ge=1, description="Learn from this many rows, drawn evenly over the file.")
    ] = 400_000
    inverse_regularization: Annotated[
        float, Meta(gt=0, description="C of the logistic regression.")
    ] = 10.0


class CalibrationConfig(Section, frozen=True, kw_only=True):
    wanted_accuracy: Annotated[
        float,
        Meta(gt=0, lt=1, description="Accuracy that predictions above the threshold must have."),
    ] = 0.95
    minimum_support: Annotated[
        int, Meta(ge=1, description="Validation rows that a threshold must rest on.")
    ] = 20


class EvaluationConfig(Section, frozen=True, kw_only=True):
    baselines: Annotated[
        tuple[BaselineKind, ...], Meta(description="Any of tfidf_svm, frozen_encoder.")
    ] = ("tfidf_svm",)
    bootstrap_samples: Annotated[
        int, Meta(ge=100, le=100_000, description="Resamples of each interval.")
    ] = 1000
    label_errors: Annotated[
        int, Meta(ge=0, le=1000, description="How many likely label errors the report lists.")
    ] = 20
    excerpt_characters: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="Characters of their narratives in report.html, never in report.json; "
            "0 is none.",
        ),
    ] = 160


class TrainerConfig(Section, frozen=True, kw_only=True):
    data: DataConfig = DataConfig()
    encoder: EncoderConfig = EncoderConfig()
    head: HeadConfig = HeadConfig()
    prior: PriorConfig = PriorConfig()
    loss: LossConfig = LossConfig()
    fit: FitConfig = FitConfig()
    ngrams: NgramConfig = NgramConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    def __post_init__(self) -> None:
        if self.prior.labels == "uniform" and self.loss.kind in WEIGHING_LOSSES:
            raise ValueError(
                f"loss.kind {self.loss.kind} and prior.labels uniform both weigh labels: choose "
                "cross_entropy or focal, or the prior of training"
            )

    def to_dict(self) -> dict[str, dict[str, Any]]:
        document: dict[str, dict[str, Any]] = msgspec.to_builtins(self)
        return document

    def flat(self) -> dict[str, Scalar]:
        """Return `section.field` -> value, as `checkpoint.json` holds it."""
        return {
            f"{section}.{name}": ",".join(value) if isinstance(value, tuple) else value
            for section, fields in self.to_dict().items()
            for name, value in fields.items()
        }


def build_config(document: object, overrides: Mapping[str, object]) -> TrainerConfig:
    """Check a configuration document, with `section.field` overrides; raises ConfigError."""
    if not isinstance(document, dict):
        raise ConfigError("the configuration is not a mapping of sections")
    merged: dict[str, Any] = dict(document)
    for path, value in overrides.items():
        section, _, field = path.partition(".")
        if section not in TrainerConfig.__struct_fields__ or not field:
            raise ConfigError(f"configuration: {path!r} is not a field, expected section.field")
        merged[section] = {**(merged.get(section) or {}), field: value}
    try:
        # Not strict, since YAML reads 1e-4 as a word.
        return msgspec.convert(merged, TrainerConfig, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"configuration: {error}") from error


def describe_fields() -> Iterator[tuple[str, str, object, str]]:
    """Yield section, field, default and description of every field."""
    for section in msgspec.structs.fields(TrainerConfig):
        hints = get_type_hints(section.type, include_extras=True)
        for field in msgspec.structs.fields(section.type):
            descriptions = [
                meta.description
                for meta in getattr(hints[field.name], "__metadata__", ())
                if isinstance(meta, Meta) and meta.description
            ]
            yield section.name, field.name, field.default, " ".join(descriptions)
