import msgspec
import pytest

from libs.labels.errors import LabelSchemaError, LabelSchemaMismatchError, UnknownLabelError
from libs.labels.schema import LABEL_SCHEMA, LabelSchema


def test_the_five_labels_have_the_ids_of_contract_1() -> None:
    ids = {name: LABEL_SCHEMA.label_id(name) for name in LABEL_SCHEMA.names}

    assert ids == {
        "credit_card": 0,
        "credit_reporting": 1,
        "debt_collection": 2,
        "mortgages_and_loans": 3,
        "retail_banking": 4,
    }


def test_an_id_maps_back_to_its_name() -> None:
    assert LABEL_SCHEMA.label_name(3) == "mortgages_and_loans"


@pytest.mark.parametrize("label_id", [-1, 5])
def test_an_id_outside_the_schema_is_refused(label_id: int) -> None:
    with pytest.raises(UnknownLabelError):
        LABEL_SCHEMA.label_name(label_id)


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(UnknownLabelError, match="'payday'.*credit_card"):
        LABEL_SCHEMA.label_id("payday")


def test_a_schema_survives_a_round_trip_through_json() -> None:
    content = msgspec.json.encode(LABEL_SCHEMA)

    restored = msgspec.json.decode(content, type=LabelSchema)

    assert restored == LABEL_SCHEMA
    assert restored.digest == LABEL_SCHEMA.digest


def test_the_digest_of_version_1_never_changes() -> None:
    # Artifacts in the field carry it: a new digest needs a new schema version.
    assert LABEL_SCHEMA.digest.startswith("13646b43c149f037")


def test_another_digest_is_refused() -> None:
    other = LabelSchema(2, ("a", "b"), ("A", "B"))

    with pytest.raises(LabelSchemaMismatchError):
        LABEL_SCHEMA.require_digest(other.digest)


@pytest.mark.parametrize(
    ("names", "display_names"),
    [((), ()), (("a", "a"), ("A", "B")), (("a", "b"), ("A",))],
)
def test_a_schema_that_contradicts_itself_is_refused(
    names: tuple[str, ...], display_names: tuple[str, ...]
) -> None:
    with pytest.raises(LabelSchemaError):
        LabelSchema(1, names, display_names)
