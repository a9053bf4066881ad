"""Prepared rows as token ids: one flat array and offsets, two bytes a token."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from libs.text.tokenizer import NarrativeTokenizer
from services.trainer.errors import DataError
from services.trainer.prepare import PreparedData, iterate_split

NO_ISSUE = -1


@dataclass(frozen=True)
class Example:
    """One narrative, ready for the encoder."""

    input_ids: npt.NDArray[np.int64]
    label_id: int
    taught: npt.NDArray[np.float32] | None = None
    """The teacher's probability of each label, where there is a teacher."""
    weight: float = 1.0
    """How many rows this one counts for."""
    issue_id: int = NO_ISSUE
    """What the complaint is about, within its label."""


@dataclass(frozen=True)
class TokenizedSplit:
    """All narratives of one split, unpadded, and what evaluation slices them by."""

    tokens: npt.NDArray[np.uint16]
    offsets: npt.NDArray[np.int64]
    label_ids: npt.NDArray[np.int64]
    token_counts: npt.NDArray[np.int64]
    """Tokens before truncation."""
    rows: npt.NDArray[np.int64]
    years: npt.NDArray[np.int64]
    """0 where the date is missing."""
    sources: tuple[str | None, ...]
    variants: tuple[str | None, ...]
    """How the narrative was prepared before it came here."""
    issues: tuple[str | None, ...]
    """What each consumer said the complaint is about, in the words of the form."""
    taught: npt.NDArray[np.float32] | None = None
    """Probabilities (rows, num_labels) of a teacher, where there is one."""
    weights: npt.NDArray[np.float64] | None = None
    """What each row counts, with a mean of 1; none where all count alike."""
    issue_ids: npt.NDArray[np.int64] | None = None
    """Ids of label and issue together, or `NO_ISSUE`; none where issues are not learned."""

    def __len__(self) -> int:
        return len(self.label_ids)

    def __getitem__(self, index: int) -> Example:
        ids = self.tokens[self.offsets[index] : self.offsets[index + 1]]
        taught = None if self.taught is None else self.taught[index]
        weight = 1.0 if self.weights is None else float(self.weights[index])
        issue = NO_ISSUE if self.issue_ids is None else int(self.issue_ids[index])
        return Example(ids.astype(np.int64), int(self.label_ids[index]), taught, weight, issue)

    def take(self, rows: npt.NDArray[np.int64]) -> "TokenizedSplit":
        """Return the rows at these places, in the order given."""
        kept = [self.tokens[self.offsets[row] : self.offsets[row + 1]] for row in rows.tolist()]
        return TokenizedSplit(
            tokens=np.concatenate([self.tokens[:0], *kept]),
            offsets=np.concatenate([[0], np.cumsum(self.lengths[rows])]).astype(np.int64),
            label_ids=self.label_ids[rows],
            token_counts=self.token_counts[rows],
            rows=self.rows[rows],
            years=self.years[rows],
            sources=tuple(self.sources[row] for row in rows.tolist()),
            variants=tuple(self.variants[row] for row in rows.tolist()),
            issues=tuple(self.issues[row] for row in rows.tolist()),
            taught=None if self.taught is None else self.taught[rows],
            weights=None if self.weights is None else self.weights[rows],
            issue_ids=None if self.issue_ids is None else self.issue_ids[rows],
        )

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each narrative, after truncation."""
        return np.diff(self.offsets)


def tokenize_split(
    prepared: PreparedData, split: int, tokenizer: NarrativeTokenizer
) -> TokenizedSplit:
    """Tokenize the rows of one split; raises DataError for a vocabulary that is too large."""
    return tokenize_batches(iterate_split(prepared, split), tokenizer)


def tokenize_batches(
    batches: Iterable[pa.RecordBatch], tokenizer: NarrativeTokenizer
) -> TokenizedSplit:
    """Tokenize prepared rows; raises DataError for a vocabulary that is too large."""
    if tokenizer.vocabulary_size > np.iinfo(np.uint16).max:
        raise DataError(
            f"the tokenizer has {tokenizer.vocabulary_size} tokens: expected at most 65,535"
        )
    tokens: list[npt.NDArray[np.uint16]] = []
    lengths: list[int] = []
    counts: list[int] = []
    columns: dict[str, list[int]] = {"label_id": [], "row": [], "year": []}
    names: dict[str, list[str | None]] = {"source": [], "variant": [], "issue": []}
    for batch in batches:
        encoded = tokenizer.encode_batch(batch.column("narrative").to_pylist())
        tokens.append(np.concatenate([np.array(e.input_ids, dtype=np.uint16) for e in encoded]))
        lengths.extend(len(e.input_ids) for e in encoded)
        counts.extend(e.token_count for e in encoded)
        for name, numbers in columns.items():
            numbers.extend(value or 0 for value in batch.column(name).to_pylist())
        for name, words in names.items():
            words.extend(batch.column(name).to_pylist())
    return TokenizedSplit(
        tokens=np.concatenate([np.zeros(0, dtype=np.uint16), *tokens]),
        offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        label_ids=np.array(columns["label_id"], dtype=np.int64),
        token_counts=np.array(counts, dtype=np.int64),
        rows=np.array(columns["row"], dtype=np.int64),
        years=np.array(columns["year"], dtype=np.int64),
        sources=tuple(names["source"]),
        variants=tuple(names["variant"]),
        issues=tuple(names["issue"]),
    )


def narrative_batches(prepared: PreparedData, split: int) -> Iterator[list[str]]:
    """Yield the narratives of one split in its order, some at a time."""
    for batch in iterate_split(prepared, split):
        yield batch.column("narrative").to_pylist()


def narratives_of(prepared: PreparedData, split: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the narratives and label ids of one split, in memory."""
    texts: list[str] = []
    label_ids: list[int] = []
    for batch in iterate_split(prepared, split):
        texts.extend(batch.column("narrative").to_pylist())
        label_ids.extend(batch.column("label_id").to_pylist())
    return texts, np.array(label_ids, dtype=np.int64)


def class_counts(label_ids: Sequence[int] | npt.NDArray[np.int64], size: int) -> list[int]:
    """Return rows by label id."""
    return [int(count) for count in np.bincount(np.asarray(label_ids), minlength=size)]
