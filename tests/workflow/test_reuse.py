"""Which finished run has the result of a step."""

from types import SimpleNamespace

import mlflow
import pytest

from sentiment.labelling.labelers import pipeline
from sentiment.results import manifest
from sentiment.tracking import describe_commit
from sentiment.workflow import fingerprint, reuse
from sentiment.workflow.command_line import parse
from sentiment.workflow.reuse import find_twin, step_fingerprint
from sentiment.workflow.step_table import STEPS
from sentiment.workflow.upstream import find_inputs
from tests.corpora.web import serve_web
from tests.steps.conftest import Constant


@pytest.mark.parametrize("status", ["FAILED", "KILLED", "RUNNING"])
def test_only_a_finished_twin_is_taken(tracked, status):
    with mlflow.start_run():
        tags = {"step.fingerprint": "abc", "mlflow.project.entryPoint": "compare"}
        unfinished = tracked.create_run("0", tags=tags | {"step.output_digest": "def"})  # its manifest comes last
        tracked.log_dict(unfinished.info.run_id, {}, "comparison.json")
        tracked.update_run(unfinished.info.run_id, status="FINISHED")
        twin = tracked.create_run("0", tags=tags | {"step.output_digest": "def", "step.manifest": "{}"})
        tracked.log_dict(twin.info.run_id, {}, "comparison.json")
        tracked.update_run(twin.info.run_id, status=status)
        assert find_twin("compare", "abc") is None
        tracked.update_run(twin.info.run_id, status="FINISHED")
        assert find_twin("compare", "abc").info.run_id == twin.info.run_id
        assert find_twin("compare", "abd") is None and find_twin("ingest", "abc") is None


def test_a_result_is_found_however_many_runs_have_reused_it(tracked, monkeypatch):
    tags = {"step.fingerprint": "abc", "mlflow.project.entryPoint": "ingest"}
    made = tracked.create_run("0", tags=tags | {"step.manifest": "{}"}, start_time=1).info.run_id
    for own in (made, tracked.create_run("0", tags=tags | {"step.reused": made}).info.run_id):
        tracked.set_terminated(own)
    search = reuse.search
    monkeypatch.setattr(reuse, "search", lambda condition: search(condition, max_results=1))  # for 1,000
    with mlflow.start_run():
        assert find_twin("ingest", "abc").info.run_id == made


def test_a_registration_counts_as_long_as_nobody_has_moved_its_alias_or_the_champion(tracked):
    tracked.create_registered_model("m")
    for _ in range(3):
        tracked.create_model_version("m", "file:///nowhere")
    with mlflow.start_run():
        for alias, version, champion in (("champion", "2", "2"), ("challenger", "3", "2")):
            tags = {"step.fingerprint": alias, "mlflow.project.entryPoint": "register", "step.manifest": "{}"}
            tags |= {"registered_model": "m", "model_version": version, "alias": alias, "champion": champion}
            tracked.update_run(tracked.create_run("0", tags=tags).info.run_id, status="FINISHED")
            tracked.set_registered_model_alias("m", alias, version)
        assert find_twin("register", "champion") and find_twin("register", "challenger")
        tracked.set_model_version_tag("m", "3", "gate.minimum_accuracy", "failed: ")  # by a later run with other gates
        assert find_twin("register", "champion") and find_twin("register", "challenger") is None
        tracked.delete_model_version_tag("m", "3", "gate.minimum_accuracy")
        tracked.set_registered_model_alias("m", "challenger", "1")
        assert find_twin("register", "challenger") is None
        tracked.set_registered_model_alias("m", "challenger", "3")
        assert find_twin("register", "challenger")
        tracked.set_model_version_tag("m", "2", "comparison.digest", "of others")  # as in a registry begun anew
        assert find_twin("register", "champion") is None
        tracked.delete_model_version_tag("m", "2", "comparison.digest")
        tracked.set_registered_model_alias("m", "champion", "1")  # as a rollback does
        assert find_twin("register", "champion") is None and find_twin("register", "challenger") is None
        tracked.delete_registered_model("m")
        assert find_twin("register", "champion") is None  # no traceback


def test_a_step_that_runs_says_whether_its_files_are_those_of_the_commit(tracked, monkeypatch):
    monkeypatch.setattr(reuse, "find_inputs", lambda *_: {})
    monkeypatch.setattr(reuse, "step_fingerprint", lambda *_: None)
    tags = {}
    for changed in (b"", b" M sentiment/model/families/simple.py\n", None):

        def git(command, changed=changed, **_):
            if changed is None:  # there is no git
                raise FileNotFoundError(command[0])
            return SimpleNamespace(stdout=changed)

        monkeypatch.setattr(reuse.subprocess, "run", git)
        with mlflow.start_run(tags={"mlflow.source.git.commit": "c57ce20"}) as run:
            reuse.run_or_reuse("compare", lambda _: None, parse("compare", []))
        tags[changed] = tracked.get_run(run.info.run_id).data.tags
    assert [describe_commit(found) for found in tags.values()] == ["c57ce20", "c57ce20-dirty", "c57ce20"]
    assert describe_commit({}) is None


def test_a_result_is_taken_only_where_reuse_is_wished_and_the_run_says_whose_it_is(tracked, monkeypatch, tmp_path):
    monkeypatch.setattr(reuse, "find_inputs", lambda *_: {})
    monkeypatch.setattr(reuse, "step_fingerprint", lambda *_: "abc")
    monkeypatch.setattr(reuse, "is_dirty", lambda: False)
    ran = []

    def body(parameters, tune_runs=()):
        ran.append(parameters.reuse)
        mlflow.set_tag("step.output_digest", "def")
        return 1_000.0  # seconds of waiting

    def run(reused):
        with mlflow.start_run(tags={"mlflow.project.entryPoint": "compare"}) as started:
            reuse.run_or_reuse("compare", body, parse("compare", [f"--reuse={reused}"]))
        return tracked.get_run(started.info.run_id)

    first, second = run("true"), run("true")
    searched = tracked.create_run("0", tags={"step.manifest": '{"models:/m-1": "a digest"}'})
    monkeypatch.setattr(reuse, "find_inputs", lambda *_: {"tune_runs": [tracked.get_run(searched.info.run_id)]})
    third = run("false")
    assert ran == [True, False] and "step.reused" not in first.data.tags.keys() | third.data.tags.keys()
    assert second.data.tags["step.reused"] == first.info.run_id
    assert second.data.tags["step.output_digest"] == "def"  # for the steps that build on it
    assert manifest(third) == {"models:/m-1": "a digest"}  # of what it builds on: it stands as long as that is there
    assert first.data.metrics["step_seconds"] < 0 and "step_seconds" not in second.data.metrics


def test_a_step_that_sets_no_digest_of_its_result_is_reused_and_can_be_built_on(tracked, monkeypatch):
    monkeypatch.setattr(reuse, "find_inputs", lambda *_: {})
    monkeypatch.setattr(reuse, "step_fingerprint", lambda *_: "abc")
    monkeypatch.setattr(reuse, "is_dirty", lambda: False)
    runs = []
    for _ in range(2):
        with mlflow.start_run(tags={"mlflow.project.entryPoint": "compare"}) as started:
            reuse.run_or_reuse("compare", lambda parameters: None, parse("compare", ["--reuse=true"]))
        runs.append(tracked.get_run(started.info.run_id))
    first, second = runs
    assert second.data.tags["step.reused"] == first.info.run_id
    assert [run.data.tags["step.output_digest"] for run in runs] == ["abc", "abc"]


def test_every_step_that_builds_on_something_has_the_parameter_reuse():
    assert [name for name, step in STEPS.items() if step.input and "reuse" not in step.parameters.model_fields] == []


def test_the_seconds_of_a_step_are_metrics_of_its_run_and_not_of_its_model(tracked, monkeypatch):
    monkeypatch.setattr(reuse, "find_inputs", lambda *_: {})
    monkeypatch.setattr(reuse, "step_fingerprint", lambda *_: None)
    monkeypatch.setattr(reuse, "is_dirty", lambda: False)
    models = []

    def body(parameters):
        models.append(mlflow.pyfunc.log_model(name="simple", python_model=Constant(), pip_requirements=[]))

    with mlflow.start_run() as run:
        reuse.run_or_reuse("compare", body, parse("compare", []))
    assert "step_seconds" in tracked.get_run(run.info.run_id).data.metrics
    assert not tracked.get_logged_model(models[0].model_id).metrics


@pytest.fixture
def no_sources(monkeypatch):
    """To find the files of a step takes nearly all of the time, and they are not what is asked about."""
    monkeypatch.setattr(fingerprint, "sources", lambda *_: [])


def test_a_fingerprint_is_of_the_code_that_runs_and_not_of_an_edit_while_the_step_waits(tracked, monkeypatch, tmp_path):
    monkeypatch.setattr(reuse, "is_dirty", lambda: False)
    monkeypatch.setattr(fingerprint, "PROJECT_ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    source = tmp_path / "step.py"
    source.write_text("imported = 1")
    monkeypatch.setattr(fingerprint, "sources", lambda *_: [source])
    searched = tracked.get_run(tracked.create_run("0", tags={"step.output_digest": "abc"}).info.run_id)
    inputs, parameters = {"tune_runs": [searched]}, parse("compare", [])
    imported = step_fingerprint("compare", parameters, inputs)

    def wait_for_inputs(*_):
        source.write_text("edited = 2")
        return inputs

    monkeypatch.setattr(reuse, "find_inputs", wait_for_inputs)
    with mlflow.start_run() as run:
        reuse.run_or_reuse("compare", lambda parameters, tune_runs: None, parameters)
    assert tracked.get_run(run.info.run_id).data.tags["step.fingerprint"] == imported
    assert step_fingerprint("compare", parameters, inputs) != imported  # the next one runs


def test_a_comparison_counts_by_all_its_searches_in_any_order(tracked, no_sources):
    searches = [tracked.create_run("0", tags={"step.output_digest": digest}) for digest in ("abc", "abd")]
    before_digests = tracked.create_run("0")

    def digest(*given):
        return step_fingerprint("compare", parse("compare", []), {"tune_runs": list(given)})

    assert digest(*searches) == digest(*searches[::-1]) not in map(digest, searches)
    assert digest(*searches, before_digests) is None


def test_a_file_counts_by_its_content_and_not_by_its_name(tracked, no_sources, tmp_path):
    features = tracked.get_run(tracked.create_run("0", tags={"step.output_digest": "abc"}).info.run_id)

    def digest(name, content):
        (tmp_path / name).write_text(content)
        return step_fingerprint("tune", parse("tune", [f"--space={name}"]), {"featurize_run": features})

    before = digest("space.yaml", "units: 64")
    assert digest("copy.yaml", "units: 64") == before != digest("space.yaml", "units: 32")


def test_more_trials_at_a_time_than_four_are_another_search(tracked, no_sources):
    features = tracked.get_run(tracked.create_run("0", tags={"step.output_digest": "abc"}).info.run_id)

    def digest(*arguments):
        return step_fingerprint("tune", parse("tune", list(arguments)), {"featurize_run": features})

    assert digest() == digest("--parallelism=1") == digest("--parallelism=4") != digest("--parallelism=8")


def test_what_changes_nothing_in_a_search_is_the_same_search(tracked, no_sources):
    features = tracked.get_run(tracked.create_run("0", tags={"step.output_digest": "abc"}).info.run_id)

    def digest(*arguments):
        return step_fingerprint("tune", parse("tune", list(arguments)), {"featurize_run": features})

    simple, lstm = "--family=simple", "--family=lstm"
    assert digest(simple) == digest(simple, "--max_evals=5") != digest(simple, "--max_evals=2")  # its default is 5
    assert digest(lstm) == digest(lstm, "--max_evals=2") != digest(lstm, "--prune=false")
    assert digest(simple) == digest(simple, "--prune=false")  # it is fitted in one go


def test_a_checkpoint_on_the_hub_counts_by_its_commit(tracked, no_sources, monkeypatch):
    features = tracked.get_run(tracked.create_run("0", tags={"step.output_digest": "abc"}).info.run_id)

    def digest(commit, family="pipeline", name="ada/reviews"):
        monkeypatch.setattr(reuse, "hub_revision", lambda checkpoint: commit)
        given = parse("tune", [f"--family={family}", f"--pretrained={name}"])
        return step_fingerprint("tune", given, {"featurize_run": features})

    assert digest("1") == digest("1") != digest("2") and digest(None) is None
    assert digest("1", "finetuned", "hf://ada/reviews") != digest("2", "finetuned", "hf://ada/reviews")
    assert digest("1", "finetuned", "bert_tiny_en_uncased") == digest("2", "finetuned", "bert_tiny_en_uncased")


def test_a_labeler_counts_by_what_it_stands_for_now(tracked, no_sources, tmp_path, monkeypatch):
    (tmp_path / "c.csv").write_text("text\ngood\nbad\n")
    tracked.create_registered_model("m")
    for _ in range(2):
        tracked.create_model_version("m", "file:///nowhere")

    def digest(label_by, version="1", **others):
        tracked.set_registered_model_alias("m", "champion", version)
        given = [f"--{name}={value}" for name, value in others.items()]
        parameters = parse("ingest", ["--corpus=c.csv", f"--label_by={label_by}", *given])
        return step_fingerprint("ingest", parameters, find_inputs("ingest", parameters))

    assert digest("vader") != digest("") and digest("vader") != digest("vader", positive_from="0.1")
    assert digest("models:/m@champion,vader") == digest("vader,models:/m/1") != digest("models:/m@champion,vader", "2")
    before = digest("models:/m/1")
    tracked.delete_registered_model("m")
    tracked.create_registered_model("m")
    tracked.create_model_version("m", "file:///elsewhere")
    assert digest("models:/m/1") != before  # another model of the same name and number
    (tmp_path / "checkpoint").mkdir()
    before = digest("checkpoint")
    (tmp_path / "checkpoint" / "config.json").write_text("{}")
    assert digest("checkpoint") != before
    monkeypatch.setattr(pipeline, "hub_revision", lambda name: None)  # without a network, and not in the cache
    assert digest("vader,hf://ada/reviews") is None


def test_corrections_count_by_their_content_wherever_they_are(tracked, no_sources, tmp_path):
    (tmp_path / "c.csv").write_text("text,label\ngood,pos\nbad,neg\n")

    def digest(corrections):
        parameters = parse("ingest", ["--corpus=c.csv", f"--corrections={corrections}"])
        return step_fingerprint("ingest", parameters, find_inputs("ingest", parameters))

    with serve_web() as web:

        def digests(content):
            web.files["/fixed.csv"] = content
            (tmp_path / "fixed.csv").write_bytes(content)
            return [digest(place) for place in (f"{web.url}/fixed.csv", "fixed*.csv", "fixed.csv")]

        before, after = digests(b"text,label\ngood,neg\n"), digests(b"text,label\nbad,pos\n")
        assert None not in before and len({*before, *after}) == 6
        web.tags = False  # nothing says whether the file is the same
        assert digest(f"{web.url}/fixed.csv") is None
