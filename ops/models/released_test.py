from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from libs.artifact.archive import Artifact, unpack_artifact
from libs.artifact.manifest import MODEL_CARD_FILE, MODEL_FILE, TOKENIZER_FILE
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer

FOLDER = Path(__file__).parent
MAX_SIZE_BYTES = 25_000_000

PLAIN_COMPLAINTS = [
    (
        "credit_card",
        "My credit card was charged twice by the store and the bank keeps my interest.",
    ),
    ("credit_reporting", "Equifax still shows an account on my credit report that is not mine."),
    ("debt_collection", "A debt collector calls me at work about a debt that I do not owe."),
    ("mortgages_and_loans", "My mortgage servicer lost my payment and started a foreclosure."),
    ("retail_banking", "The bank closed my checking account and will not return my deposit."),
]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return unpack_artifact(FOLDER / "model.tar.gz", tmp_path_factory.mktemp("released") / "model")


def test_the_released_artifact_is_small_and_for_todays_labels(artifact: Artifact) -> None:
    LABEL_SCHEMA.require_digest(artifact.manifest.label_schema_digest)

    assert (FOLDER / "model.tar.gz").stat().st_size <= MAX_SIZE_BYTES


def test_the_card_beside_it_is_the_one_inside(artifact: Artifact) -> None:
    inside = artifact.path(MODEL_CARD_FILE).read_text(encoding="utf-8")

    assert (FOLDER / MODEL_CARD_FILE).read_text(encoding="utf-8") == inside


@pytest.mark.parametrize(("label", "narrative"), PLAIN_COMPLAINTS)
def test_it_sends_a_plain_complaint_to_its_desk(
    artifact: Artifact, label: str, narrative: str
) -> None:
    tokenizer = NarrativeTokenizer.from_file(
        artifact.path(TOKENIZER_FILE), artifact.manifest.truncation
    )
    session = ort.InferenceSession(
        str(artifact.path(MODEL_FILE)), providers=["CPUExecutionProvider"]
    )
    ids = np.array([tokenizer.encode(narrative).input_ids], dtype=np.int64)

    logits = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]

    assert artifact.manifest.decision_rule.decide(logits[0]).label_name == label
