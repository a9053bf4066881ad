import pytest
import yaml
from click.testing import CliRunner

from ops.aws.cost.cost import PRICES, Line, Load, main, per_million, per_month, table

PRICE_LIST = {
    "sagemaker": {"instance_hour": 0.36, "gigabyte_processed": 2.0},
    "lambda": {"million_requests": 100.0, "gigabyte_second": 0.001},
    "kinesis": {"stream_hour": 0.01, "gigabyte_in": 3.0, "gigabyte_out": 1.0},
    "s3": {"thousand_puts": 0.5, "gigabyte_month": 0.25},
    "kms": {"key_month": 1.0},
}


def test_a_million_complaints_cost_what_their_parts_cost() -> None:
    load = Load(
        narratives_per_second=100,
        record_bytes=1025,
        answer_bytes=975,
        row_bytes=2**30 // 1_000_000,
    )

    lines = {line.what: line.dollars for line in per_million(load, PRICE_LIST)}

    # 20,000 s at half of 100 a second; 2,000 bytes through the endpoint; 10,000 calls and 10,000 s;
    # 2 KB a record; 10,000 puts.
    assert lines["endpoint"] == pytest.approx(20_000 / 3600 * 0.36)
    assert lines["endpoint, data"] == pytest.approx(2_000_000_000 / 2**30 * 2)
    assert lines["function"] == pytest.approx(0.01 * 100 + 10_000 * 0.001)
    assert lines["stream"] == pytest.approx(1_000_000 * 2048 / 2**30 * 4)
    assert lines["log, written"] == pytest.approx(5)
    assert lines["log, kept a year"] == pytest.approx(3, rel=0.01)


def test_an_endpoint_twice_as_fast_costs_half_a_complaint() -> None:
    slow = per_million(Load(narratives_per_second=50), PRICE_LIST)[0]
    fast = per_million(Load(narratives_per_second=100), PRICE_LIST)[0]

    assert slow.dollars == pytest.approx(2 * fast.dollars)


def test_a_month_without_complaints_costs_its_instances_stream_and_key() -> None:
    lines = per_month(Load(narratives_per_second=1, instances=3), PRICE_LIST)

    assert sum(line.dollars for line in lines) == pytest.approx(730 * (3 * 0.36 + 0.01) + 1)


def test_a_table_ends_with_its_sum() -> None:
    text = table("a day", [Line("one", 1.25), Line("two", 2.5)])

    assert text.splitlines()[-1] == "| **sum** | **3.75** |"


def test_the_command_says_when_the_prices_were_written_and_what_they_were_held_against() -> None:
    prices = yaml.safe_load(PRICES.read_text())

    answer = CliRunner().invoke(main, ["--narratives-per-second", "80"])

    assert answer.exit_code == 0
    assert prices["checked"] in answer.output
    assert str(prices["written"]) in answer.output


def test_a_throughput_of_nothing_is_refused() -> None:
    answer = CliRunner().invoke(main, ["--narratives-per-second", "0"])

    assert answer.exit_code == 2
