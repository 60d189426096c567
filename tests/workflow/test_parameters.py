import shlex

import mlflow
import pytest

from sentiment.errors import UserError
from sentiment.evaluation.metrics import METRICS
from sentiment.workflow.command_line import format_value, parse
from sentiment.workflow.logged_parameters import log_parameters, parameters_of
from sentiment.workflow.parameters import IngestParameters, MainParameters
from sentiment.workflow.step_table import STEPS


@pytest.mark.parametrize(
    "step, argument, expected",
    [
        ("ingest", "test_size=1.5", "between 0 and 1"),
        ("ingest", "test_size=0", "between 0 and 1"),
        ("ingest", "test_size=nan", "between 0 and 1"),
        ("ingest", "validation_size=half", "between 0 and 1"),
        ("ingest", "split_seed=1.5", "whole number"),
        ("ingest", "stratify=maybe", "true or false"),
        ("tune", "max_evals=-1", "whole number from 0"),
        ("tune", "algo=brute", "tpe, random, anneal"),
        ("featurize", "stemming=snowball", "none, porter"),
        ("main", "families=simple,simple", "twice"),
        ("register", "registered_model=a/b", "without / : @ ' and"),
        ("main", "registered_model=it's", "without / : @ ' and"),
        ("main", "registered_model=team@reviews", "characters without / : @ ' and [?]"),
        ("serve", "registered_model=..reviews", "do not begin with .."),
        ("main", "registered_model=.", "and are not [.]"),
        ("main", "registered_model=what?", "characters without / : @ ' and [?]"),
        ("main", "registered_model=![x](", "none of ` < >"),
        ("register", "registered_model=`<b>", "none of ` < >"),
        ("main", "registered_model=two\tparts", "at most 256 printable characters"),
        ("main", f"registered_model={'x' * 257}", "at most 256 printable characters"),
        ("register", "tolerance=-0.1", "number from 0 to 1"),
        ("deploy", "traffic=2", "a number above 0 and up to 1"),
        ("tune", "seed=9999999999", "a whole number from 0 to 2147483647"),
        ("register", "gates=accuracy>0.9", "a metric, >= or <=, and a number"),
        ("register", "gates=accuracy>=high", "a metric, >= or <=, and a number"),
        ("main", "gates=accuracy>=0.9,accuracy>=0.5", "accuracy>=0.9 and accuracy>=0.5 bound the same metric"),
        ("main", "gates=accuracy>=0.9,speed<=5", "there is no metric speed"),
        ("ingest", "colour=red", "no parameter colour: expected some of corpus"),
        ("main", "max_eval=3", "no parameter max_eval: did you mean max_evals"),
        ("main", "port=1", "no parameter port"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(step, argument, expected):
    with pytest.raises(UserError, match=expected) as raised:
        parse(step, [f"--{argument}"])
    assert argument.split("=")[0] in str(raised.value)


def test_a_name_of_a_model_may_be_any_other():
    for name in (".reviews", "avis & critiques", "評価", "x" * 256):
        assert parse("main", [f"--registered_model={name}"]).registered_model == name


def test_values_are_converted():
    parameters = parse("ingest", ["--split_seed=7.0", "--test_size=0.25", "--stratify=False", "--corpus=-odd name.csv"])
    assert (parameters.split_seed, parameters.test_size, parameters.stratify) == (7, 0.25, False)
    assert parameters.corpus == "-odd name.csv"
    assert parse("main", ["--families=simple, lstm,"]).families == ("simple", "lstm")


def test_a_choice_is_by_the_metrics_that_say_so():
    for name, metric in METRICS.items():
        if metric.criterion:
            assert parse("tune", [f"--metric={name}"]).metric == name
        else:
            with pytest.raises(UserError, match="expected one of accuracy, balanced_accuracy"):
                parse("tune", [f"--metric={name}"])


def test_hyperparameters_come_in_either_form():
    parameters = parse("train", ["--family=lstm", "--units", "64", "--dropout=-1"])
    assert parameters.hyperparameters == {"units": "64", "dropout": "-1"}


def test_a_hyperparameter_without_a_value_is_refused():
    with pytest.raises(UserError, match="--units has no value"):
        parse("train", ["--units"])


def test_an_error_is_one_line():
    assert str(UserError("two\nlines")) == "two lines"


def test_parameters_stay_what_they_were_given():
    parameters = parse("main", ["--epochs=3"])
    with pytest.raises(ValueError, match="frozen"):
        parameters.epochs = 4


def test_a_former_name_is_accepted_with_a_note(capsys):
    assert parse("tune", ["--trials", "spark", "--spark_master=local[2]"]).engine == "spark"
    assert "trials= is called engine= now" in capsys.readouterr().err


def test_the_seed_of_an_ingest_is_that_of_the_splits_and_main_has_both(capsys):
    assert parse("ingest", ["--seed=7"]).split_seed == 7
    assert "seed= is called split_seed= now" in capsys.readouterr().err
    both = parse("main", ["--seed=7"])
    assert (both.seed, both.split_seed) == (7, 42) and not capsys.readouterr().err


def test_a_former_name_beside_the_present_one_is_refused():
    assert parse("ingest", ["--split_seed=42", "--seed", "7"]).split_seed == 7  # mlflow run passes the default
    with pytest.raises(UserError, match="seed=7 is the former name of split_seed=1: give split_seed alone"):
        parse("ingest", ["--split_seed=1", "--seed", "7"])


def test_help_lists_every_parameter_with_its_values_and_default(capsys):
    with pytest.raises(SystemExit) as ended:
        parse("tune", ["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    for name, field in STEPS["tune"].parameters.fields().items():
        assert f"--{name} VALUE {field.description} (" in shown
    assert "(a whole number from 1; default: 5)" in shown


@pytest.mark.parametrize("quoted", [True, False], ids=["as mlflow run logs them", "as a step by hand logs them"])
def test_logged_parameters_come_back_as_they_were(quoted, tracked):
    given = parse("main", ['--corpus=it\'s a "file".csv', "--families=simple,lstm", "--gates=", "--tolerance=0.1"])
    with mlflow.start_run() as run:
        if quoted:
            mlflow.log_params({name: shlex.quote(format_value(value)) for name, value in given.model_dump().items()})
        else:
            log_parameters(given)
    assert parameters_of(mlflow.get_run(run.info.run_id), MainParameters) == given


def test_a_query_that_is_longer_than_a_parameter_may_be_does_not_hide_the_others(tracked):
    query = f"select text, label from reviews where id not in ({', '.join(map(str, range(3000)))})"
    with mlflow.start_run() as run:
        log_parameters(IngestParameters(corpus="sqlite:///shop.db", query=query))
    found = parameters_of(mlflow.get_run(run.info.run_id), IngestParameters)
    assert found.corpus == "sqlite:///shop.db" and found.query.strip("'") == query[: len(found.query) - 1]
