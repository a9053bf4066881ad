from datetime import UTC, datetime

import pytest

from libs.registry.champion import Champion, read_champion
from libs.registry.errors import InvalidRegistryDocumentError

CHAMPION = Champion(
    version="1.0.0",
    model_digest="a" * 64,
    promoted_at=datetime(2026, 1, 2, tzinfo=UTC),
    ledger_number=1,
)


def test_a_champion_survives_a_round_trip() -> None:
    assert read_champion(CHAMPION.to_json()) == CHAMPION


def test_the_artifact_lies_with_its_version() -> None:
    assert CHAMPION.artifact_key == "registry/models/1.0.0/model.tar.gz"


def test_a_champion_without_a_digest_is_refused() -> None:
    with pytest.raises(InvalidRegistryDocumentError, match="model_digest"):
        read_champion(CHAMPION.to_json().replace(b"a" * 64, b"none"))
