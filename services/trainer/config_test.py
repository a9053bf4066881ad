import pytest

from services.trainer.config import TrainerConfig, build_config, describe_fields
from services.trainer.errors import ConfigError


def test_an_empty_document_gives_the_defaults() -> None:
    assert build_config({}, {}) == TrainerConfig()


def test_an_override_wins_over_the_document() -> None:
    config = build_config({"fit": {"epochs": 2, "seed": 1}}, {"fit.epochs": 5})

    assert (config.fit.epochs, config.fit.seed) == (5, 1)


def test_a_configuration_survives_a_round_trip() -> None:
    config = build_config({"loss": {"kind": "focal"}}, {})

    assert build_config(config.to_dict(), {}) == config


def test_a_number_in_any_notation_is_a_number() -> None:
    config = build_config({"fit": {"learning_rate": "1e-4"}}, {"fit.head_learning_rate": "1e-05"})

    assert (config.fit.learning_rate, config.fit.head_learning_rate) == (1e-4, 1e-5)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"fit": {"epoch": 1}}, "unknown field `epoch`.*fit"),
        ({"fit": {"epochs": -1}}, "epochs"),
        ({"loss": {"kind": "hinge"}}, "hinge.*loss.kind"),
        ({"encoder": {"max_length": 600}}, "max_length"),
        ({"model": {}}, "unknown field `model`"),
        ({"loss": {"teacher": "model.tar.gz"}}, "teacher_share above 0"),
        ({"prior": {"within": "source"}}, "within is source, which asks for labels: uniform"),
        ({"prior": {"labels": "uniform"}}, "square_root and prior.labels uniform both weigh"),
        ([], "not a mapping"),
    ],
)
def test_a_wrong_field_is_refused_by_name(document: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_config(document, {})


def test_an_override_outside_the_sections_is_refused() -> None:
    with pytest.raises(ConfigError, match="'epochs' is not a field"):
        build_config({}, {"epochs": 1})


def test_every_field_is_described() -> None:
    undescribed = [name for _, name, _, description in describe_fields() if not description]

    assert undescribed == []


def test_the_flat_form_holds_scalars_alone() -> None:
    values = TrainerConfig().flat()

    assert values["evaluation.baselines"] == "tfidf_svm"
    assert all(isinstance(value, str | int | float | bool) for value in values.values())
