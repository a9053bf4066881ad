"""Fetches objects a few at a time: S3 answers in tens of milliseconds, parsing takes few."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from services.retraining_agent.store import ObjectStore

_AHEAD = 16


def read_objects(store: ObjectStore, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield key and content in the order of `keys`; an object that is gone is passed over."""
    remaining = iter(keys)
    with ThreadPoolExecutor(max_workers=_AHEAD) as pool:
        while chunk := list(islice(remaining, _AHEAD)):
            for key, stored in zip(chunk, pool.map(store.read, chunk), strict=True):
                if stored is not None:
                    yield key, stored.content
