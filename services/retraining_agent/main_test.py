import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from services.retraining_agent.app import App
from services.retraining_agent.champion_store import require_champion
from services.retraining_agent.labelled_complaints import LabelledComplaints
from services.retraining_agent.main import cli
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.policy import Policy
from services.retraining_agent.ports import Ports
from services.retraining_agent.surface import DecisionDocument
from services.retraining_agent.testing.fakes import FakeDeployment, FakeJobs, open_fake_model
from services.retraining_agent.testing.keyword_artifact import (
    KEYWORDS,
    KeywordSpec,
    write_keyword_archive,
)
from services.retraining_agent.testing.traffic import START, logged_row, store_log


class Agent:
    """The command line over a store in memory, some days into the stream."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryStore()
        self.announced: list[DecisionDocument] = []
        self.archive = write_keyword_archive(folder, KeywordSpec())
        self.holdout = folder / "holdout.csv"
        rows = [f"about my {word},{name}" for name, words in KEYWORDS.items() for word in words]
        self.holdout.write_text("narrative,label\n" + "\n".join(rows) + "\n")

    def __call__(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], obj=self.app())

    def app(self) -> App:
        def now() -> datetime:
            return START + timedelta(days=3)

        ports = Ports(
            store=self.store,
            jobs=FakeJobs(),
            deployment=FakeDeployment(),
            open_model=open_fake_model,
            base_data=lambda: LabelledComplaints((), (), ()),
            policy=Policy(),
            now=now,
        )
        return App(
            store=self.store,
            bucket="bucket",
            policy=Policy(),
            now=now,
            ports=lambda: ports,
            can_train=False,
            owner="test",
            sleep=lambda seconds: None,
            announce=self.announced.append,
        )

    def register(self) -> Result:
        return self("register", self.archive, "--holdout", self.holdout)


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_the_first_model_is_registered_with_its_scores(agent: Agent) -> None:
    result = agent.register()

    champion = require_champion(agent.store).champion
    record = json.loads(agent.store.objects["registry/models/1.0.0/record.json"])
    assert result.exit_code == 0, result.stderr
    assert champion.ledger_number == 1
    assert record["scores"]["macro_f1"] == 1.0
    assert agent.store.objects[champion.artifact_key] == agent.archive.read_bytes()


def test_registering_again_changes_nothing(agent: Agent) -> None:
    agent.register()
    before = dict(agent.store.objects)

    assert agent.register().exit_code == 0
    assert agent.store.objects == before


def test_a_second_first_model_is_refused(agent: Agent, tmp_path: Path) -> None:
    agent.register()
    agent.archive = write_keyword_archive(tmp_path / "2", KeywordSpec(version="2.0.0"))

    result = agent.register()

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "there is a champion already, 1.0.0" in result.stderr


def test_a_corrupt_archive_is_refused_and_nothing_is_written(agent: Agent) -> None:
    content = agent.archive.read_bytes()
    agent.archive.write_bytes(content[: len(content) // 2])

    assert agent.register().exit_code == 2
    assert agent.store.objects == {}


def test_a_plan_changes_nothing_and_writes_its_report(agent: Agent, tmp_path: Path) -> None:
    agent.register()
    before = dict(agent.store.objects)

    result = agent("plan", "--json", "--report", tmp_path / "report.html")

    assert json.loads(result.stdout)["decision"]["decision"] == "do_nothing"
    assert "do_nothing" in (tmp_path / "report.html").read_text()
    assert agent.store.objects == before


def test_a_run_puts_its_decision_on_record_with_evidence_beside_it(agent: Agent) -> None:
    agent.register()

    result = agent("run", "--once", "--json")

    document = json.loads(result.stdout)
    assert document["decision"]["decision"] == "do_nothing"
    assert [each.decision for each in agent.announced] == ["do_nothing"]
    assert document["report"].startswith("s3://bucket/registry/evidence/")
    assert document["report"].removeprefix("s3://bucket/") in agent.store.objects
    assert agent("ledger", "verify").stdout == "2 entries, the chain is whole\n"


def test_the_queue_goes_out_and_comes_back_as_reviews(agent: Agent, tmp_path: Path) -> None:
    agent.register()
    store_log(agent.store, [logged_row(n, confidence=0.4 + n / 100) for n in range(3)])
    queue = tmp_path / "queue.csv"
    agent("review", "export", "--to", queue)
    rows = list(csv.DictReader(queue.read_text().splitlines()))
    with queue.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "true_label": "retail_banking"} for row in rows)

    result = agent("review", "import", queue, "--reviewer", "ana", "--json")

    assert json.loads(result.stdout)["kept"] == len(rows) > 0
    assert json.loads(agent("plan", "--json").stdout)["evidence"]["reviews"]["new"] == len(rows)


def test_the_ledger_says_who_was_champion_and_why(agent: Agent) -> None:
    agent.register()

    then = agent("ledger", "champion", "--at", "2026-02-01T00:00:00Z")
    before = agent("ledger", "champion", "--at", "2026-01-01T00:00:00Z")

    assert "1.0.0" in then.stdout
    assert "the first model" in then.stdout
    assert before.exit_code == 2


@pytest.mark.parametrize("command", ["plan", "run", "review export --to q.csv"])
def test_without_a_champion_there_is_one_sentence(agent: Agent, command: str) -> None:
    result = agent(*command.split())

    assert result.exit_code == 2
    assert result.stderr == ("retraining_agent: there is no champion yet: register a first model\n")


def test_a_missing_bucket_variable_is_named() -> None:
    result = CliRunner().invoke(cli, ["status"], env={"BUCKET": ""})

    assert result.exit_code == 2
    assert "BUCKET" in result.stderr


def test_status_shows_champion_and_last_decision(agent: Agent) -> None:
    agent.register()

    document = json.loads(agent("status", "--json").stdout)

    assert document["champion"]["version"] == "1.0.0"
    assert document["last_decision"]["decision"] == "register"
    assert msgspec.json.decode(agent("ledger", "show", "--json").stdout)[0]["number"] == 1
