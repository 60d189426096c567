import pytest

from sentiment.errors import UserError
from sentiment.workflow.parameters import parse


@pytest.mark.parametrize(
    "step, argument, expected",
    [
        ("ingest", "test_size=1.5", "between 0 and 1"),
        ("ingest", "test_size=0", "between 0 and 1"),
        ("ingest", "test_size=nan", "between 0 and 1"),
        ("ingest", "validation_size=half", "between 0 and 1"),
        ("ingest", "seed=1.5", "whole number"),
        ("ingest", "stratify=maybe", "true or false"),
        ("tune", "max_evals=0", "whole number from 1"),
        ("tune", "algo=brute", "tpe, random, anneal"),
        ("featurize", "stemming=snowball", "none, porter"),
        ("main", "families=simple,simple", "twice"),
        ("register", "registered_model=a/b", "without / and :"),
        ("register", "tolerance=-0.1", "number from 0 to 1"),
        ("register", "gates=accuracy>0.9", "a figure, >= or <=, and a number"),
        ("register", "gates=accuracy>=high", "a figure, >= or <=, and a number"),
        ("main", "gates=accuracy>=0.9,speed<=5", "there is no figure speed"),
        ("ingest", "colour=red", "no parameter colour"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(step, argument, expected):
    with pytest.raises(UserError, match=expected) as raised:
        parse(step, [f"--{argument}"])
    assert argument.split("=")[0] in str(raised.value)


def test_values_are_converted():
    parameters = parse("ingest", ["--seed=7.0", "--test_size=0.25", "--stratify=False", "--corpus=-odd name.csv"])
    assert (parameters.seed, parameters.test_size, parameters.stratify) == (7, 0.25, False)
    assert parameters.corpus == "-odd name.csv"
    assert parse("main", ["--families=simple, lstm,"]).families == ["simple", "lstm"]


def test_hyperparameters_come_in_either_form():
    parameters = parse("train", ["--family=lstm", "--units", "64", "--dropout=-1"])
    assert parameters.more == {"units": "64", "dropout": "-1"}


def test_a_hyperparameter_without_a_value_is_refused():
    with pytest.raises(UserError, match="--units has no value"):
        parse("train", ["--units"])


def test_an_error_is_one_line():
    assert str(UserError("two\nlines")) == "two lines"
