"""Which model is served: the champion pointer and the places of models (contract 8)."""

from typing import Annotated

import msgspec

from libs.artifact.files import Sha256
from libs.events.complaint import Timestamp
from libs.registry.errors import InvalidRegistryDocumentError

CHAMPION_KEY = "registry/champion.json"
MODELS_PREFIX = "registry/models/"


class Champion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The champion, changed only by compare-and-set; `ledger_number` is the entry that says why."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    model_digest: Sha256
    promoted_at: Timestamp
    ledger_number: Annotated[int, msgspec.Meta(ge=1)]

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    @property
    def artifact_key(self) -> str:
        return model_key(self.version, "model.tar.gz")


def read_champion(content: bytes) -> Champion:
    """Decode the champion pointer; raises InvalidRegistryDocumentError."""
    try:
        return msgspec.json.decode(content, type=Champion)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidRegistryDocumentError(f"{CHAMPION_KEY}: {error}") from error


def model_key(version: str, name: str) -> str:
    """Return the S3 key of the file `name` of a registered model."""
    return f"{MODELS_PREFIX}{version}/{name}"
