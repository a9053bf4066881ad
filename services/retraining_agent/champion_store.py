"""The champion pointer in the object store, changed only by compare-and-set."""

from dataclasses import dataclass

from libs.registry.champion import CHAMPION_KEY, Champion, read_champion
from libs.registry.errors import RegistryError
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.store import ABSENT, Match, ObjectStore


@dataclass(frozen=True)
class StoredChampion:
    """The champion, and the tag that a change has to match."""

    champion: Champion
    etag: str


def find_champion(store: ObjectStore) -> StoredChampion | None:
    """Return the champion, None before the first; raises BadInputError."""
    stored = store.read(CHAMPION_KEY)
    if stored is None:
        return None
    try:
        return StoredChampion(read_champion(stored.content), stored.etag)
    except RegistryError as error:
        raise BadInputError(str(error)) from error


def require_champion(store: ObjectStore) -> StoredChampion:
    """Return the champion; raises BadInputError when there is none."""
    found = find_champion(store)
    if found is None:
        raise BadInputError("there is no champion yet: register a first model")
    return found


def set_champion(store: ObjectStore, champion: Champion, expected_etag: str | None) -> None:
    """Replace the champion that has `expected_etag`, None for the first one.

    Doing it again is harmless; raises ConflictError when somebody else changed it.
    """
    found = find_champion(store)
    if found is not None and found.champion == champion:
        return
    condition = ABSENT if expected_etag is None else Match(expected_etag)
    store.write(CHAMPION_KEY, champion.to_json(), condition)
