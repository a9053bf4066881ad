import math
import re

import msgspec
import pytest

from services.onnx_exporter.agreement import AgreementReport
from services.onnx_exporter.gate import Bounds, Measurements, find_failures, must_run_alone
from services.onnx_exporter.parity import InvarianceReport, ParityReport
from services.onnx_exporter.tokenization import TokenizationReport

SOUND = Measurements(
    precision="int8_dynamic",
    size_bytes=20_000_000,
    reference_size_bytes=80_000_000,
    parity=ParityReport([1, 512], max_logit_difference=1e-5),
    tokenization=TokenizationReport(texts=40, differing=0),
    invariance=InvarianceReport(
        is_repeatable=True,
        max_batched_difference=1e-6,
        max_padded_difference=1e-6,
        is_dynamic=False,
    ),
    agreement=AgreementReport(
        source="test.csv",
        narratives=1000,
        flips=5,
        clear_flips=0,
        max_probability_shift=0.08,
        mean_probability_shift=0.01,
        macro_f1=0.85,
        macro_f1_loss=0.001,
        ece_change=-0.002,
    ),
    figures=None,
    latency=[],
)


def spoil(part: str, **fields: object) -> Measurements:
    value = msgspec.structs.replace(getattr(SOUND, part), **fields)
    return msgspec.structs.replace(SOUND, **{part: value})


def test_a_sound_model_passes() -> None:
    assert find_failures(SOUND, Bounds()) == []


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        (spoil("parity", max_logit_difference=2e-4), "float32 logits.*0.0002 .*0.0001, over by"),
        (spoil("parity", max_logit_difference=math.nan), "float32 logits differ from torch nan"),
        (spoil("tokenization", differing=3), "3 of 40 texts"),
        (spoil("invariance", is_repeatable=False), "different bits"),
        (spoil("agreement", macro_f1_loss=0.0041), "macro F1 loss is 0.0041 .*by 0.0011"),
        (spoil("agreement", flips=11), "flipped labels are 0.011 .*by 0.001"),
        (spoil("agreement", ece_change=-0.02), "calibration error changes by 0.02"),
        (spoil("agreement", mean_probability_shift=0.2), "probabilities shift by 0.2"),
        (msgspec.structs.replace(SOUND, size_bytes=25_000_001), "bytes"),
    ],
)
def test_one_broken_bound_gives_one_sentence_with_by_how_much(
    measured: Measurements, says: str
) -> None:
    failures = find_failures(measured, Bounds())

    assert len(failures) == 1
    assert re.search(says, failures[0])


def test_a_value_at_its_bound_passes() -> None:
    measured = spoil("agreement", flips=10, macro_f1_loss=0.003)

    assert find_failures(measured, Bounds()) == []


def test_without_labels_a_clear_decision_must_not_change() -> None:
    unlabelled = {"macro_f1": None, "macro_f1_loss": None, "ece_change": None, "flips": 900}

    assert find_failures(spoil("agreement", **unlabelled), Bounds()) == []
    assert len(find_failures(spoil("agreement", clear_flips=1, **unlabelled), Bounds())) == 1


def test_float32_may_be_large() -> None:
    measured = msgspec.structs.replace(SOUND, precision="fp32", size_bytes=80_000_000)

    assert find_failures(measured, Bounds()) == []


@pytest.mark.parametrize(
    ("fields", "alone"),
    [
        ({}, False),
        ({"is_dynamic": True}, True),
        ({"max_batched_difference": 0.01}, True),
        ({"max_padded_difference": 0.01}, True),
        ({"max_padded_difference": math.nan}, True),
    ],
)
def test_a_model_whose_answers_depend_on_company_must_run_alone(
    fields: dict[str, object], alone: bool
) -> None:
    invariance = msgspec.structs.replace(SOUND.invariance, **fields)

    assert must_run_alone(invariance) == alone
