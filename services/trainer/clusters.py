"""Groups exact and near duplicates: MinHash signatures, banded, compared and linked.

Memory is 256 bytes a narrative, whatever its length; no pair is compared that shares no band.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from datasketch import MinHash
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHINGLE_WORDS = 4
PERMUTATIONS = 64
# 16 bands of 4 rows find a pair of similarity 0.7 with probability 0.99, one of 0.8 with 0.9999
# (Leskovec et al., Mining of Massive Datasets, 3.4.2).
BANDS = 16

Signatures = npt.NDArray[np.uint32]

_WORD = re.compile(r"[a-z0-9]+")


class SignatureMaker:
    """Turns narratives into MinHash signatures of shape (PERMUTATIONS,) uint32."""

    def __init__(self) -> None:
        self._empty = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=zlib.crc32)

    def signature(self, narrative: str) -> Signatures:
        minhash = self._empty.copy()
        minhash.update_batch(shingles(narrative))
        return np.asarray(minhash.hashvalues, dtype=np.uint32)


def shingles(narrative: str) -> list[bytes]:
    """Return the word 4-grams, without case and punctuation; a shorter text is one shingle."""
    words = _WORD.findall(narrative.lower())
    last = max(len(words) - SHINGLE_WORDS, 0)
    return [" ".join(words[start : start + SHINGLE_WORDS]).encode() for start in range(last + 1)]


def exact_key(narrative: str) -> int:
    """Return a 64-bit key equal for narratives that differ in case and punctuation alone."""
    words = " ".join(_WORD.findall(narrative.lower())).encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big", signed=True)


def cluster_signatures(signatures: Signatures, similarity: float) -> npt.NDArray[np.int64]:
    """Return a cluster number for every row of `signatures` (rows, PERMUTATIONS)."""
    links = [_links(signatures, band, similarity) for band in np.split(_columns(), BANDS)]
    return _components(len(signatures), links)


def merge_clusters(*partitions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the finest clusters in which every cluster of every partition is whole."""
    return _components(len(partitions[0]), [_chain(partition) for partition in partitions])


def _columns() -> npt.NDArray[np.int64]:
    return np.arange(PERMUTATIONS)


def _links(
    signatures: Signatures, band: npt.NDArray[np.int64], similarity: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pairs of rows that agree in the band and, by their signatures, are similar.

    A row is compared with the one before it in its bucket and with the bucket's first, which is
    enough to link a bucket of near duplicates and keeps the work linear.
    """
    keys = _band_keys(signatures[:, band])
    order = np.argsort(keys, kind="stable")
    is_first = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])
    first = order[np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))]
    left = np.concatenate([order[:-1], first])
    right = np.concatenate([order[1:], order])
    candidates = (keys[left] == keys[right]) & (left != right)
    left, right = left[candidates], right[candidates]
    similar = _similar(signatures, left, right, similarity)
    return left[similar], right[similar]


def _band_keys(columns: Signatures) -> npt.NDArray[np.uint64]:
    keys = np.zeros(len(columns), dtype=np.uint64)
    for column in columns.T:
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + column.astype(np.uint64)
    return keys


def _similar(
    signatures: Signatures,
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    similarity: float,
    chunk: int = 65536,
) -> npt.NDArray[np.bool_]:
    parts: Iterable[npt.NDArray[np.bool_]] = (
        (signatures[left[start : start + chunk]] == signatures[right[start : start + chunk]]).mean(
            axis=1
        )
        >= similarity
        for start in range(0, len(left), chunk)
    )
    return np.concatenate([np.zeros(0, dtype=np.bool_), *parts])


def _chain(partition: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    order = np.argsort(partition, kind="stable")
    same = partition[order][1:] == partition[order][:-1]
    return order[:-1][same], order[1:][same]


def _components(
    count: int, links: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
) -> npt.NDArray[np.int64]:
    pairs = list(links)
    left = np.concatenate([pair[0] for pair in pairs])
    right = np.concatenate([pair[1] for pair in pairs])
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    numbers: npt.NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return numbers
