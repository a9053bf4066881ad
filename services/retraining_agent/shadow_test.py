from dataclasses import replace

import pytest

from services.retraining_agent.policy import PromotionPolicy
from services.retraining_agent.shadow import ShadowTraffic, VariantTraffic, shadow_fault

POLICY = PromotionPolicy(max_shadow_error_share=0.01, max_bake_latency_ratio=2.0)
GOOD = VariantTraffic(requests=1000, errors=10, mean_latency_seconds=0.02)
CHAMPION = VariantTraffic(requests=1000, errors=500, mean_latency_seconds=0.01)


@pytest.mark.parametrize(
    ("candidate", "fault"),
    [
        (GOOD, None),
        (replace(GOOD, requests=0, errors=0), "no request reached it"),
        (replace(GOOD, errors=11), "1.1% of its answers were errors"),
        (replace(GOOD, mean_latency_seconds=0.03), "an answer takes 3.0 times as long"),
    ],
)
def test_a_shadow_is_judged_by_errors_and_latency(
    candidate: VariantTraffic, fault: str | None
) -> None:
    assert shadow_fault(ShadowTraffic(CHAMPION, candidate), POLICY) == fault


def test_latency_is_not_compared_with_a_champion_that_had_no_request() -> None:
    idle = VariantTraffic(requests=0, errors=0, mean_latency_seconds=0.0)

    assert shadow_fault(ShadowTraffic(idle, GOOD), POLICY) is None
