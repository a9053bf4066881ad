import re
from pathlib import Path

import pyarrow as pa
import pytest

from libs.events.compaction import PREFIX as COMPACTED_PREFIX
from libs.events.compaction import SCHEMA
from libs.events.prediction_log import COLUMNS
from libs.events.prediction_log import PREFIX as LOG_PREFIX

FOLDER = Path(__file__).parent
_TYPES = {
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.string(): "string",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.map_(pa.string(), pa.float64()): "map<string, double>",
}


def statement(name: str) -> str:
    return (FOLDER / name).read_text()


def columns(table: str) -> dict[str, str]:
    body = table[: table.index("PARTITIONED BY")]
    return dict(re.findall(r"^  `(\w+)` (.+?),?$", body, re.MULTILINE))


def test_the_csv_table_has_the_columns_of_the_log_in_order() -> None:
    table = columns(statement("1_prediction_log_csv.sql"))

    assert tuple(table) == COLUMNS
    assert set(table.values()) == {"string"}


def test_the_compacted_table_has_the_columns_and_types_of_the_files() -> None:
    table = columns(statement("2_prediction_log_compacted.sql"))

    assert table == {field.name: _TYPES[field.type] for field in SCHEMA}


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("1_prediction_log_csv.sql", LOG_PREFIX),
        ("2_prediction_log_compacted.sql", COMPACTED_PREFIX),
    ],
)
def test_a_table_reads_where_the_consumer_writes(name: str, prefix: str) -> None:
    assert f"LOCATION 's3://${{bucket}}/{prefix}'" in statement(name)


def test_the_view_gives_every_column_once_from_both_tables() -> None:
    view = statement("3_prediction_log.sql")
    result = re.findall(r"\w+", view[view.rindex("SELECT") : view.index("date(received_at)")])

    assert tuple(result[1:]) == COLUMNS
    assert {"prediction_log_csv", "prediction_log_compacted"} <= set(re.findall(r"\w+", view))
