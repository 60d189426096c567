"""The verdict of the gate, from checks that need no store."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sentiment.registry import candidate, gate
from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, accuracy, behaviour
from sentiment.workflow.parameter_groups import GateParameters

RUN = SimpleNamespace(data=SimpleNamespace(tags={"step.output_digest": "content"}))
TERMS = GateParameters().terms()
RUN_WITH_ID = SimpleNamespace(info=SimpleNamespace(run_id="0"))
CASE = {"capability": "praise", "kind": "functionality", "changed": None, "expected": "positive"}
ROW = {"family": "simple", "test_accuracy": 0.9, "behaviour_failure_rate": 0.1}


def champion(digest="another"):
    return SimpleNamespace(name="m", version="3", tags={"comparison.digest": digest}, source="models:/m-1")


def evaluate(monkeypatch, *checks, against=None, intact=True):
    monkeypatch.setattr(candidate, "has_model", lambda uri: intact)
    monkeypatch.setattr(gate, "CHECKS", tuple(lambda candidate, terms, check=check: [check] for check in checks))
    return gate.evaluate(Candidate(ROW, RUN, against), TERMS)


def test_the_reason_is_that_of_the_check_that_is_marked_wherever_it_stands(monkeypatch):
    reason = Check("accuracy", True, "it is better", is_reason=True)
    other = Check("latency", True, "it is fast", {"latency": 2.0})
    for checks in ((reason, other), (other, reason)):
        verdict = evaluate(monkeypatch, *checks, against=champion())
        assert verdict.passed and verdict.promotes
        assert verdict.reason == "it is better" and verdict.figures == {"latency": 2.0}
    assert evaluate(monkeypatch, other, against=champion()).reason == "every check passed"
    assert evaluate(monkeypatch, other).reason == "there was no champion"


def test_the_first_check_that_fails_is_the_reason(monkeypatch):
    verdict = evaluate(
        monkeypatch,
        Check("accuracy", True, "it is better", is_reason=True),
        Check("latency", False, "it is slow"),
        Check("size", False, "it is large"),
        against=champion(),
    )
    assert (verdict.passed, verdict.promotes, verdict.reason) == (False, False, "latency: it is slow")
    assert verdict.tags() == {
        "gate.accuracy": "passed: it is better",
        "gate.latency": "failed: it is slow",
        "gate.size": "failed: it is large",
    }
    assert "| latency | **failed** | it is slow |" in verdict.markdown()
    found = json.loads(json.dumps(verdict.as_dict()))
    assert [check["name"] for check in found["checks"]] == ["accuracy", "latency", "size"]
    assert [check["said"] for check in found["checks"]] == ["it is better", "it is slow", "it is large"]


def test_the_champion_itself_is_held_to_the_gate_and_not_promoted(monkeypatch):
    verdict = evaluate(monkeypatch, Check("latency", True, "it is fast"), against=champion("content"))
    assert (verdict.passed, verdict.promotes) == (True, False)
    assert verdict.reason == "champion version 3 is the same model"
    verdict = evaluate(monkeypatch, Check("latency", False, "it is slow"), against=champion("content"))
    assert (verdict.passed, verdict.promotes, verdict.reason) == (False, False, "latency: it is slow")
    # Where its files are damaged, the equal model replaces it.
    verdict = evaluate(monkeypatch, Check("latency", True, "it is fast"), against=champion("content"), intact=False)
    assert verdict.promotes


@pytest.mark.parametrize("minimum, passed", [(0.85, True), (0.95, False)])
def test_without_a_champion_thresholds_alone_decide(minimum, passed):
    terms = GateParameters(gates=f"accuracy>={minimum}").terms()
    verdict = gate.evaluate(Candidate(ROW, RUN, None), terms)
    assert verdict.passed == passed and [check.name for check in verdict.checks] == ["minimum_accuracy"]


def test_a_figure_that_is_just_beyond_its_bound_is_shown_with_the_digits_that_say_so():
    gates = "model_bytes<=1710000,accuracy>=0.9,accuracy<=0.95,log_loss<=0.3"
    row = ROW | {"model_bytes": 1_710_123, "test_accuracy": 0.89999, "log_loss": 0.30000000000000004}
    verdict = gate.evaluate(Candidate(row, RUN, None), GateParameters(gates=gates).terms())
    assert verdict.tags() == {
        "gate.maximum_model_bytes": "failed: 1.7101e+06, expected model_bytes<=1710000",
        "gate.minimum_accuracy": "failed: 0.89999, expected accuracy>=0.9",
        "gate.maximum_accuracy": "passed: 0.9, expected accuracy<=0.95",
        "gate.maximum_log_loss": "passed: 0.3, expected log_loss<=0.3",
    }


def test_a_check_with_a_parameter_of_its_own_gets_it_by_name(monkeypatch):
    def check_failures(candidate, terms):
        rate = candidate.row["behaviour_failure_rate"]
        return [Check("failures", rate <= terms["max_failure_rate"], f"{rate:.0%} fail")]

    monkeypatch.setattr(gate, "CHECKS", (*gate.CHECKS, check_failures))
    candidate = Candidate(ROW, RUN, None)
    assert gate.evaluate(candidate, TERMS | {"max_failure_rate": 0.2}).passed
    assert gate.evaluate(candidate, TERMS | {"max_failure_rate": 0.05}).reason == "failures: 10% fail"


def compared_with(theirs, **given):
    """A candidate beside a champion that gives these probabilities to whatever it is asked."""
    model = SimpleNamespace(get_raw_model=lambda: SimpleNamespace(predict_proba=lambda texts: theirs))
    return SimpleNamespace(
        champion=champion(),
        has_comparable_champion=True,
        row=ROW,
        classes=["neg", "pos"],
        champion_model=model,
        **given,
    )


@pytest.mark.parametrize("metric, passes", [("accuracy", True), ("balanced_accuracy", False), ("log_loss", False)])
def test_the_candidate_is_held_to_the_metric(metric, passes):
    """Of 9 "neg" and 1 "pos" it calls all "neg"; the champion finds the "pos" and gets a "neg" wrong."""
    labels, theirs = np.repeat((0, 1), (9, 1)), np.eye(2)[[1, *[0] * 8, 1]] * 0.8 + 0.1
    test = pd.DataFrame({"text": list("abcdefghij"), "label": np.array(["neg", "pos"])[labels], "simple.label": "neg"})
    test["simple.probability.neg"], test["simple.probability.pos"] = 0.6, 0.4
    candidate = compared_with(theirs, unseen_test=test)
    (found,) = accuracy.check(candidate, GateParameters(metric=metric).terms())
    assert found.name == metric and found.passed == passes
    assert {metric, f"champion_{metric}"} < set(found.figures) and found.figures["documents"] == 10
    low, high = found.figures["difference_low"], found.figures["difference_high"]
    difference = found.figures[metric] - found.figures[f"champion_{metric}"]
    assert low <= difference <= high and f"(difference {difference:+.4f}" in found.message
    assert ("lower is better" in found.message) == (metric == "log_loss")


@pytest.mark.parametrize("labelers, said", [(["human"] * 2, True), (["human", "vader"], False)])
def test_a_comparison_on_labels_of_people_alone_says_so(labelers, said):
    test = pd.DataFrame({"text": ["a", "b"], "label": ["neg", "pos"], "simple.label": ["neg", "pos"]})
    candidate = compared_with(np.eye(2), unseen_test=test.assign(labelled_by=labelers))
    (found,) = accuracy.check(candidate, TERMS)
    assert ("on the same 2 documents with human labels (" in found.message) == said


@pytest.mark.parametrize("tolerance, passes", [(0.05, True), (0.049, False)])
def test_a_candidate_that_is_worse_by_just_the_tolerance_is_not_worse(tolerance, passes, monkeypatch):
    """Of 20 texts, and of as many behaviour tests, one more is wrong than with the champion."""
    labels, own, champions = np.repeat((0, 1), 10), np.repeat((0, 1), (13, 7)), np.repeat((0, 1), (12, 8))
    names = np.array(["neg", "pos"])
    test = pd.DataFrame({"text": "a", "label": names[labels], "simple.label": names[own]}, index=range(20))
    terms = GateParameters(metric="balanced_accuracy", tolerance=tolerance, behaviour_tolerance=tolerance).terms()
    (found,) = accuracy.check(compared_with(np.eye(2)[champions], unseen_test=test), terms)
    assert (found.figures["balanced_accuracy"], found.figures["champion_balanced_accuracy"]) == (0.85, 0.9)
    assert found.passed == passes

    # 8 of 20 fail (0.4) against 7 (0.35), and 0.35 + 0.05 is a little below 0.4.
    cases = [CASE | {"text": str(number), "failed_by": ["simple"] * (number < 8)} for number in range(20)]
    monkeypatch.setattr(behaviour, "read_json", lambda *_: cases)
    theirs = np.eye(2)[np.repeat((0, 1), (7, 13))]
    (found,) = behaviour.check(compared_with(theirs, seen_texts=set(), compare_run=RUN_WITH_ID), terms)
    assert found.figures["behaviour_failure_rate"] == 0.4 and found.figures["champion_behaviour_failure_rate"] == 0.35
    assert found.passed == passes


def test_what_a_comparison_of_an_earlier_release_has_not_kept_does_not_pass(monkeypatch):
    test = pd.DataFrame({"text": ["a", "b"], "label": ["neg", "pos"], "simple.label": ["neg", "pos"]})
    candidate = compared_with(np.eye(2), unseen_test=test, seen_texts=set(), compare_run=RUN_WITH_ID)
    (found,) = accuracy.check(candidate, GateParameters(metric="log_loss").terms())
    assert not found.passed and found.message == "not in this compare run: run compare again"
    monkeypatch.setattr(behaviour, "read_json", lambda *_: [CASE | {"text": "a"}])
    (found,) = behaviour.check(candidate, TERMS)
    assert not found.passed and found.message == "not kept case by case by this compare run: run compare again"


def test_a_behaviour_test_on_a_text_that_the_champion_was_trained_on_counts_for_neither(monkeypatch):
    """Of three the candidate fails the last and the champion the second; the first is on a text that it has seen."""
    cases = [CASE | {"text": text, "failed_by": ["simple"] * (text == "c")} for text in ("A!", "b", "c")]
    monkeypatch.setattr(behaviour, "read_json", lambda *_: [dict(case) for case in cases])
    candidate = compared_with(np.eye(2), seen_texts={"a"}, compare_run=RUN_WITH_ID)
    (found,) = behaviour.check(candidate, TERMS)
    assert found.passed and found.figures == {
        "behaviour_tests": 2.0,
        "behaviour_failure_rate": 0.5,
        "champion_behaviour_failure_rate": 0.5,
    }
    assert behaviour.check(compared_with(np.eye(2), seen_texts={"a", "b", "c"}, compare_run=RUN_WITH_ID), TERMS) == []
