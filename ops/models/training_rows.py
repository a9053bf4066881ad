"""The rows that the released model learns from: files joined, without what resembles a test row.

Near duplicates are found by word n-grams when data is prepared, which lower-cased, lemmatised text
evades: here words count by their first letters, stop words not at all.
"""

import itertools
import re
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

SIMILARITY = 0.6
STEM_LETTERS = 4
SHORTEST_WORD = 3
BLOCK_ROWS = 500
_WORD = re.compile(r"[a-z]+")


def stems(narrative: str) -> list[str]:
    """Return uni- and bigrams of the stems of all words but stop words and blanked ones."""
    words = [
        word[:STEM_LETTERS]
        for word in _WORD.findall(narrative.lower())
        if len(word) >= SHORTEST_WORD and word not in ENGLISH_STOP_WORDS and set(word) != {"x"}
    ]
    return words + [f"{first} {second}" for first, second in itertools.pairwise(words)]


def closeness(narratives: list[str], others: list[str]) -> npt.NDArray[np.float64]:
    """Return each narrative's highest TF-IDF cosine to any of the others."""
    vectorizer = TfidfVectorizer(analyzer=stems, sublinear_tf=True)
    own = vectorizer.fit_transform(narratives)
    theirs = vectorizer.transform(others).T
    blocks = range(0, len(narratives), BLOCK_ROWS)
    cosines = [(own[start : start + BLOCK_ROWS] @ theirs).max(axis=1) for start in blocks]
    return np.concatenate([block.toarray().ravel() for block in cosines])


def without_near_copies(rows: pa.Table, test: pa.Table) -> pa.Table:
    """Return the rows that are not above `SIMILARITY` to any test row."""
    cosines = closeness(_narratives(rows), _narratives(test))
    return rows.filter(pa.array(cosines <= SIMILARITY))


def _narratives(rows: pa.Table) -> list[str]:
    narratives: list[str] = rows.column("narrative").to_pylist()
    return narratives


@click.command()
@click.option(
    "--train",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Labelled complaints as consumers wrote them, Parquet.",
)
@click.option(
    "--more",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Rows kept in other ways, joined to them but for near copies of test rows.",
)
@click.option(
    "--test",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Complaints that nothing may be trained on.",
)
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Parquet to write.")
def main(train: Path, more: Path, test: Path, to: Path) -> None:
    """Join the files that the released model learns from."""
    rows = pq.read_table(train)
    candidates = pq.read_table(more)
    added = without_near_copies(candidates, pq.read_table(test))
    joined = pa.concat_tables([rows, added.cast(rows.schema)])
    pq.write_table(joined, to)
    left_out = candidates.num_rows - added.num_rows
    click.echo(f"{joined.num_rows:,} rows; left out of {more}: {left_out} near copies of test rows")


if __name__ == "__main__":
    main()
