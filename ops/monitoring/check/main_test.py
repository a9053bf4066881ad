from ops.monitoring.check.main import without_data
from ops.monitoring.check.pictures import PanelData
from ops.monitoring.check.prometheus_api import Series
from ops.monitoring.panels import Panel
from ops.monitoring.queries import Query

PANEL = Panel("Queue", "says", "s", [Query("full", "a"), Query("empty", "b")])


def test_a_query_without_data_is_named_although_its_panel_has_some() -> None:
    data = PanelData(PANEL, [[Series("a", [0.0], [1.0])], []])

    assert without_data([data]) == ["Queue: empty"]
