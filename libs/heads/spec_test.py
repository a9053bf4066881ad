import msgspec
import pytest

from libs.heads.errors import HeadSpecError
from libs.heads.spec import HeadSpec


def test_a_spec_survives_a_round_trip() -> None:
    spec = HeadSpec(kind="cls_mean", hidden_size=384, num_labels=5, dropout=0.1)

    assert msgspec.json.decode(msgspec.json.encode(spec), type=HeadSpec) == spec


def test_the_originals_head_is_the_default_size() -> None:
    spec = HeadSpec(kind="cls_mlp", hidden_size=768, num_labels=5)

    assert (spec.bottleneck, spec.dropout) == (128, 0.3)


def test_cls_mean_pools_two_vectors() -> None:
    assert HeadSpec(kind="cls_mean", hidden_size=384, num_labels=5).pooled_size == 768


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "attention"), ("hidden_size", 0), ("num_labels", "5")]
)
def test_an_impossible_field_is_refused_by_name_where_it_is_read(field: str, value: object) -> None:
    fields = {"kind": "cls_mlp", "hidden_size": 384, "num_labels": 5, field: value}

    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(fields, HeadSpec)


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_a_dropout_out_of_bounds_is_refused(dropout: float) -> None:
    with pytest.raises(HeadSpecError, match="dropout"):
        HeadSpec(kind="mean", hidden_size=384, num_labels=5, dropout=dropout)
