"""What register and approve make of the winner of a comparison, in this process; no model is asked for anything."""

import re
import shutil

import mlflow
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

import steps.register
from sentiment.errors import UserError
from sentiment.evaluation.metrics import METRICS
from sentiment.registry import gate, promotions
from sentiment.registry.checks import comparable
from sentiment.workflow.parameters import ApproveParameters, RegisterParameters, RollbackParameters
from steps.approve import approve
from steps.register import register
from steps.rollback import rollback
from tests.reports.rows import row
from tests.steps.test_compare import run_step


def aliases(client):
    return {alias: int(version) for alias, version in client.get_registered_model("sentiment").aliases.items()}


@pytest.mark.parametrize("overruled_by", ["approve", "force"])
def test_a_version_that_was_rolled_back_is_not_promoted_again_unless_somebody_says_so(
    tracked, log_comparison, capsys, overruled_by
):
    first, second = log_comparison("a"), log_comparison("b")
    for compared in (first, second):
        run_step(register, RegisterParameters(reuse=True), compared)
    run_step(rollback, RollbackParameters(reason="calls every\nshort text negative"))
    assert aliases(tracked) == {"champion": 1}
    capsys.readouterr()
    for _ in range(2):
        again = run_step(register, RegisterParameters(reuse=True), second)
        assert aliases(tracked) == {"champion": 1, "challenger": 2} and again.data.tags["alias"] == "challenger"
    run_step(register, RegisterParameters(), second)  # without reuse it is another version of the same model
    assert aliases(tracked) == {"champion": 1, "challenger": 3}
    tracked.delete_model_version("sentiment", "3")
    said = capsys.readouterr().out
    assert re.search(
        r"version 2 \(simple\) is challenger: it was rolled back on \d{4}-\d\d-\d\d \(calls every short", said
    )
    assert "approve" in said and "force=true" in said
    if overruled_by == "approve":
        run_step(approve, ApproveParameters(version="2", reviewer="ada", note="mended"))
        before = tracked.get_model_version("sentiment", "2").tags
        again = run_step(register, RegisterParameters(reuse=True), second)
        assert tracked.get_model_version("sentiment", "2").tags == before  # as the approval left them
        assert {
            key: value for key, value in before.items() if key.startswith("gate.")
        }.items() <= again.data.tags.items()
    else:
        run_step(register, RegisterParameters(reuse=True, force=True), second)
    assert aliases(tracked) == {"champion": 2, "previous": 1}
    # After that it is a version as any other: a third one replaces it, and it is left by another promotion.
    run_step(register, RegisterParameters(reuse=True), log_comparison("c"))
    run_step(register, RegisterParameters(reuse=True), second)
    assert aliases(tracked) == {"champion": 2, "previous": 4}


def test_an_approval_leaves_what_the_gate_said_then_on_run_and_version(tracked, log_comparison):
    terms = {"gates": "accuracy>=0.8", "require_review": True}
    run_step(register, RegisterParameters(**terms), log_comparison("a"))
    of_a_later_release = '{"gates": "accuracy>=0.8", "of_a_later_release": 1}'
    tracked.set_model_version_tag("sentiment", "1", "gate.terms", of_a_later_release)
    before = tracked.get_model_version("sentiment", "1").tags
    tracked.set_model_version_tag("sentiment", "1", "gate.minimum_accuracy", "failed: by an earlier evaluation")
    tracked.set_model_version_tag("sentiment", "1", "gate.behaviour", "failed: against a champion that is gone")
    run = run_step(approve, ApproveParameters(version="1", reviewer="ada", note="fine"))
    gate_tags = {key: value for key, value in before.items() if key.startswith("gate.")}
    assert gate_tags["gate.minimum_accuracy"].startswith("passed: 0.9")
    for tags in (tracked.get_model_version("sentiment", "1").tags, run.data.tags):
        assert {key: value for key, value in tags.items() if key.startswith("gate.")} == gate_tags
    assert run.data.tags["gate"] == "passed"
    (said,) = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/gate.json")["checks"]
    assert said["name"] == "minimum_accuracy" and said["passed"]


def test_a_note_that_no_tag_can_hold_is_refused_before_anything_is_promoted(tracked, log_comparison):
    run_step(register, RegisterParameters(require_review=True), log_comparison("a"))
    for given in ({"note": "x" * 120_000, "reviewer": "ada"}, {"note": "fine", "reviewer": "x" * 120_000}):
        with pytest.raises(UserError, match="has 120,000 characters: expected at most 5,000"), mlflow.start_run():
            approve(ApproveParameters(version="1", **given))
    assert aliases(tracked) == {"challenger": 1}


def test_the_champion_is_not_registered_again_and_a_challenger_keeps_its_alias(tracked, log_comparison, capsys):
    champion, challenger = log_comparison("a"), log_comparison("b")
    run_step(register, RegisterParameters(), champion)
    waiting = run_step(register, RegisterParameters(require_review=True), challenger)
    assert waiting.data.tags["waits"].startswith("it waits for a review, `")
    again = run_step(register, RegisterParameters(gates="accuracy>=0.8"), champion)
    assert aliases(tracked) == {"champion": 1, "challenger": 2} and again.data.tags["model_version"] == "1"
    assert len(tracked.search_model_versions("name = 'sentiment'")) == 2
    assert "version 1 (simple) is champion: it already was" in capsys.readouterr().out
    assert "gate.minimum_accuracy" in tracked.get_model_version("sentiment", "1").tags


def test_the_figures_of_a_version_are_numbers_in_the_units_of_the_comparison(tracked, log_comparison):
    run_step(register, RegisterParameters(), log_comparison("a"))
    tags = tracked.get_model_version("sentiment", "1").tags
    found = {metric.key: float(tags[metric.key]) for metric in METRICS.values() if metric.key in tags}
    given = row("simple", 0.9, 0.9)
    assert found == {key: given[key] for key in found} and len(found) == len(METRICS) - 1  # no balanced accuracy
    assert tags["model_bytes"] == "1500000" and tags["behaviour_failure_rate"] == "0.25"


def stop(*_, **__):
    raise KeyboardInterrupt


def fail_to_write(*_, **__):
    raise PermissionError(13, "Permission denied", "/store")


def test_where_no_artifact_can_be_written_nothing_is_promoted(tracked, log_comparison, monkeypatch):
    first, second, third = (log_comparison(name) for name in "abc")
    for compared in (first, second):
        run_step(register, RegisterParameters(), compared)
    run_step(register, RegisterParameters(require_review=True), third)
    before = aliases(tracked)
    with monkeypatch.context() as full:
        full.setattr(mlflow, "log_dict", fail_to_write)
        for _ in range(2):  # the same command again
            with pytest.raises(PermissionError):
                run_step(rollback, RollbackParameters())
            with pytest.raises(PermissionError):
                run_step(approve, ApproveParameters(version="3", reviewer="ada", note="fine"))
            with pytest.raises(PermissionError):
                run_step(register, RegisterParameters(reuse=True), third)
            assert aliases(tracked) == before == {"champion": 2, "previous": 1, "challenger": 3}
    assert not [tag for tag in tracked.get_model_version("sentiment", "3").tags if tag.startswith("review.")]
    run = run_step(rollback, RollbackParameters())
    assert aliases(tracked) == {"champion": 1, "challenger": 3} and run.data.tags["model_version"] == "1"


def test_an_approval_that_was_ended_before_its_review_was_recorded_is_finished_by_the_same_command(
    tracked, log_comparison, monkeypatch, capsys
):
    run_step(register, RegisterParameters(require_review=True), log_comparison("a"))
    ada = ApproveParameters(version="1", reviewer="ada", note="read: " + "x" * 4000)
    set_tag = type(tracked).set_model_version_tag

    def end_at_note(client, name, version, key, value):
        if key.endswith(".note"):
            raise KeyboardInterrupt
        set_tag(client, name, version, key, value)

    with monkeypatch.context() as killed:
        killed.setattr(type(tracked), "set_model_version_tag", end_at_note)
        with pytest.raises(KeyboardInterrupt):
            run_step(approve, ada)
    assert aliases(tracked) == {"champion": 1}
    with pytest.raises(UserError, match="it already is the champion"):
        run_step(approve, ada.model_copy(update={"reviewer": "bob"}))
    run_step(approve, ada)
    tags = tracked.get_model_version("sentiment", "1").tags
    assert (tags["review.reviewer"], tags["review.note"]) == ("ada", ada.note) and tags["review.at"]
    assert "version 1 is champion, approved by ada" in capsys.readouterr().out
    with pytest.raises(UserError, match="it already is the champion"):
        run_step(approve, ada)
    assert tracked.get_model_version("sentiment", "1").tags == tags and len(promotions.read("sentiment")) == 1


@pytest.mark.parametrize("ours", [True, False], ids=["a main run", "a run of another project called main"])
def test_a_version_names_the_main_run_that_registered_it_and_no_run_of_another_project(tracked, log_comparison, ours):
    compared = log_comparison("a")
    tags = {"mlflow.project.entryPoint": "main"} | ({"step.process": "host 1 1700000000"} if ours else {})
    with mlflow.start_run(tags=tags) as above, mlflow.start_run(nested=True):
        register(RegisterParameters(), compared)
    named = tracked.get_model_version("sentiment", "1").tags.get("main_run")
    assert named == (above.info.run_id if ours else None)


def test_a_version_that_another_process_promotes_meanwhile_is_champion_alone(tracked, log_comparison, monkeypatch):
    compared = log_comparison("a")
    why_it_waits = steps.register.why_it_waits

    def promote_first(name, version, *rest):
        if promotions.get_champion_version(name) is None:
            promotions.promote(name, version, None, "by another process")
        return why_it_waits(name, version, *rest)

    monkeypatch.setattr(steps.register, "why_it_waits", promote_first)
    run = run_step(register, RegisterParameters(require_review=True), compared)
    assert aliases(tracked) == {"champion": 1}
    assert run.data.tags["alias"] == "champion" and "waits" not in run.data.tags


def test_a_version_that_a_killed_register_left_without_a_description_gets_it_from_the_next(
    tracked, log_comparison, monkeypatch
):
    compared = log_comparison("a")
    with monkeypatch.context() as killed:
        killed.setattr(type(tracked), "update_model_version", stop)
        with pytest.raises(KeyboardInterrupt):
            run_step(register, RegisterParameters(reuse=True), compared)
    run_step(register, RegisterParameters(reuse=True), compared)
    (version,) = tracked.search_model_versions("name = 'sentiment'")
    assert "| simple |" in version.description.replace("*", "")
    tracked.update_model_version("sentiment", version.version, "by hand")
    run_step(register, RegisterParameters(reuse=True), compared)
    assert tracked.get_model_version("sentiment", version.version).description == "by hand"


def test_a_version_whose_files_are_gone_does_not_stand_for_another_winner_of_the_same_content(tracked, log_comparison):
    run_step(register, RegisterParameters(reuse=True), log_comparison("a"))
    (first,) = tracked.search_model_versions("name = 'sentiment'")
    shutil.rmtree(local_file_uri_to_path(tracked.get_model_version_download_uri("sentiment", first.version)))
    run_step(register, RegisterParameters(reuse=True), log_comparison("a"))
    assert {version.version for version in tracked.search_model_versions("name = 'sentiment'")} == {1, 2}


def test_a_registered_model_says_what_it_takes_and_what_its_aliases_mean_until_somebody_describes_it(
    tracked, log_comparison
):
    run_step(register, RegisterParameters(), log_comparison("a"))
    said = tracked.get_registered_model("sentiment").description
    assert "a string column `text`" in said
    assert all(f"`{alias}`" in said for alias in ("champion", "challenger", "previous"))
    tracked.update_registered_model("sentiment", "reviews of our shop")
    run_step(register, RegisterParameters(), log_comparison("b"))
    assert tracked.get_registered_model("sentiment").description == "reviews of our shop"


def test_a_rollback_after_the_alias_alone_was_deleted_is_in_place_of_none(tracked, log_comparison, capsys):
    for name in "ab":
        run_step(register, RegisterParameters(), log_comparison(name))
    tracked.delete_registered_model_alias("sentiment", "champion")
    run_step(rollback, RollbackParameters())
    assert "version 2 is champion again, in place of none" in capsys.readouterr().out
    tracked.delete_model_version("sentiment", "2")
    run_step(rollback, RollbackParameters())
    assert "version 1 is champion again, in place of one that was deleted" in capsys.readouterr().out


def test_where_force_alone_decides_the_card_and_the_console_say_so_and_not_that_the_gate_was_passed(
    tracked, log_comparison, monkeypatch, capsys
):
    run_step(register, RegisterParameters(), log_comparison("a"))
    tracked.delete_model_version_tag("sentiment", "1", "ingest_run")
    tracked.set_model_version_tag("sentiment", "1", "dataset.digest", "of another corpus")
    monkeypatch.setattr(gate, "CHECKS", (comparable.check,))
    run = run_step(register, RegisterParameters(force=True), log_comparison("b"))
    card = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/review.html")
    assert card.count('<dd class="bad">forced</dd>') == card.count('<td class="bad">forced</td>') == 1
    said = "its training texts are unknown, but force=true replaces it"
    assert said in card and said in capsys.readouterr().out
    assert "| comparable | **forced** |" in run.data.tags["mlflow.note.content"]
    # What other programs read is as it was.
    assert run.data.tags["gate"] == "passed" and run.data.tags["gate.comparable"].startswith("passed: champion")


def test_the_runs_of_an_approval_and_of_a_rollback_say_what_was_decided_and_why(tracked, log_comparison, capsys):
    run_step(register, RegisterParameters(), log_comparison("a"))
    run_step(register, RegisterParameters(require_review=True, gates="accuracy>=0.8"), log_comparison("b"))
    approved = run_step(approve, ApproveParameters(version="2", reviewer="ada", note="read the card"))
    note = approved.data.tags["mlflow.note.content"]
    assert note.startswith(
        "`sentiment` version 2 is **champion**, approved by ada (read the card): every check passed."
    )
    assert "| minimum_accuracy | passed | 0.9" in note
    capsys.readouterr()
    back = run_step(rollback, RollbackParameters(reason="calls all negative"))
    said = "`sentiment` goes back to version 1 as **champion** in place of version 2: calls all negative"
    assert back.data.tags["mlflow.note.content"] == said
    assert len(re.findall(r"^\S+T\d\d:\d\d:\d\d UTC  version ", capsys.readouterr().out, re.MULTILINE)) == 3
