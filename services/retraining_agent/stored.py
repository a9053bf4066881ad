"""Reads an object that has to be there."""

from services.retraining_agent.errors import BadInputError
from services.retraining_agent.store import ObjectStore


def read_stored(store: ObjectStore, key: str) -> bytes:
    """Return the content of an object; raises BadInputError when it is missing."""
    stored = store.read(key)
    if stored is None:
        raise BadInputError(f"{key} is missing")
    return stored.content
