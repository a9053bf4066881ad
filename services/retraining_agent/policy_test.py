from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from services.retraining_agent.errors import BadInputError
from services.retraining_agent.policy import Policy, policy_from_document, read_policy

DOCUMENTED = Path(__file__).with_name("policy.yaml")


def test_the_documented_policy_is_the_default_one_field_by_field() -> None:
    assert yaml.safe_load(DOCUMENTED.read_text()) == asdict(Policy())


def test_every_field_of_the_documented_policy_has_a_comment_above_its_group() -> None:
    lines = DOCUMENTED.read_text().splitlines()
    fields = [number for number, line in enumerate(lines) if line.startswith("  ") and ":" in line
              and not line.lstrip().startswith("#")]  # fmt: skip

    above = [lines[number - 1].lstrip() for number in fields]

    assert all(line.startswith("#") or line.startswith("max_psi") for line in above)


def test_what_a_policy_leaves_out_is_the_default() -> None:
    policy = policy_from_document({"triggers": {"min_new_reviews": 5}}, "policy.yaml")

    assert policy.triggers.min_new_reviews == 5
    assert policy.triggers.drift_windows == Policy().triggers.drift_windows


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"triggers": {"min_new_revews": 5}}, "min_new_revews"),
        ({"triggers": {"min_new_reviews": -1}}, r"min_new_reviews"),
        ({"bounds": {"max_relabelled_share": 1.5}}, "max_relabelled_share"),
        ({"bound": {}}, "bound"),
        ([1], "object"),
    ],
)
def test_a_wrong_field_is_named(document: object, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        policy_from_document(document, "policy.yaml")


def test_a_policy_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.yaml"):
        read_policy(tmp_path / "none.yaml")
