import re
from pathlib import Path
from typing import Any

import pytest

from ops.aws.template import Rendering, load

ATHENA = {
    "LogCsv": "1_prediction_log_csv.sql",
    "LogCompacted": "2_prediction_log_compacted.sql",
}


def glue_table(name: str) -> dict[str, Any]:
    properties = load("query")["Resources"][name]["Properties"]["TableInput"]
    table: dict[str, Any] = Rendering("query", {"Environment": "prod"}).render(properties)
    return table


def statement(name: str) -> str:
    text = (Path(__file__).parent / "athena" / ATHENA[name]).read_text()
    return text.replace("${bucket}", "complaints-prod-data-bucket")


@pytest.mark.parametrize("name", ATHENA)
def test_a_glue_table_has_the_columns_of_its_statement_in_order(name: str) -> None:
    body = statement(name).partition("PARTITIONED BY")[0]

    columns = [
        (each["Name"], each["Type"]) for each in glue_table(name)["StorageDescriptor"]["Columns"]
    ]

    written = re.findall(r"^  `(\w+)` (.+?),?$", body, re.MULTILINE)
    assert columns == [(column, kind.replace(", ", ",")) for column, kind in written]


@pytest.mark.parametrize("name", ATHENA)
def test_a_glue_table_has_the_partitions_and_places_of_its_statement(name: str) -> None:
    table, text = glue_table(name), statement(name)
    properties = dict(re.findall(r"'([a-z.]+)' = '([^']*)'", text.partition("TBLPROPERTIES")[2]))

    partitions = [each["Name"] for each in table["PartitionKeys"]]

    assert partitions == re.findall(r"`(\w+)`", text.partition("PARTITIONED BY")[2].splitlines()[0])
    assert properties.items() <= table["Parameters"].items()
    assert f"LOCATION '{table['StorageDescriptor']['Location']}'" in text
