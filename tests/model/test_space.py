import pytest

from sentiment.errors import UserError
from sentiment.model.families import family_names, get_family
from sentiment.model.space import Uniform, describe_outside, format_params, parse_params
from sentiment.model.training import Training
from sentiment.search.hyperopt_search import from_hyperopt, to_values
from tests.search.example import DEFAULTS, SPACE


def test_parse_params_fills_in_what_has_a_meaning():
    assert parse_params("f", SPACE, DEFAULTS, {"units": "64"}) == {
        "kind": "net",
        "units": 64,
        "rate": 0.01,
        "noise": 0.1,
    }
    assert parse_params("f", SPACE, DEFAULTS, {"kind": "tree"}) == {"kind": "tree", "depth": 3, "noise": 0.1}


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"unit": "64"}, "no hyperparameter unit: expected kind: net | tree; units: 16 to 64 in steps of 16"),
        ({"units": "64.5"}, "units=64.5 is outside"),
        ({"units": "0"}, "units=0 is outside"),
        ({"units": "inf"}, "units=inf is outside"),
        ({"rate": "-1"}, "rate=-1 is outside"),
        ({"rate": "0"}, "rate=0 is outside"),
        ({"rate": "inf"}, "rate=inf is outside"),
        ({"noise": "1"}, "noise=1 is outside"),
        ({"units": "many"}, "units=many is outside"),
        ({"noise": "nan"}, "noise=nan is outside"),
        ({"kind": "forest"}, "kind=forest is outside"),
        ({"depth": "2"}, "depth has no effect with these values of f: depth needs kind=tree"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(given, expected):
    with pytest.raises(UserError) as raised:
        parse_params("f", SPACE, DEFAULTS, given)
    assert expected in str(raised.value)


def test_numbers_may_lie_outside_of_where_searches_look():
    params = parse_params("f", SPACE, DEFAULTS, {"units": "128", "rate": "5e-4", "noise": "0.75"})
    assert params == {"kind": "net", "units": 128, "rate": 5e-4, "noise": 0.75}
    assert describe_outside(SPACE, params) == (
        "units=128 (16 to 64 in steps of 16), rate=0.0005 (0.001 to 0.1 (log)), noise=0.75 (0 to 0.5)"
    )
    assert describe_outside(SPACE, DEFAULTS) == ""
    weight = {"weight": Uniform(0.0, 2.0)}  # not a share
    assert parse_params("f", weight, {"weight": 1.0}, {"weight": "3"}) == {"weight": 3}


@pytest.mark.parametrize("family", family_names())
@pytest.mark.parametrize("training", [Training(), Training(embedding="glove")])
def test_defaults_of_a_family_lie_in_its_space(family, training):
    space, defaults = get_family(family).search_space(training)
    assert set(defaults) == set(space)
    assert all(value in space[name] for name, value in defaults.items())


def test_params_go_to_hyperopt_and_back():
    params = {"kind": "tree", "depth": 2, "noise": 0.3}
    assert to_values(SPACE, params) == {"kind": 1, "depth:tree": 1, "noise": 0.3}  # indices
    assert from_hyperopt(SPACE, {"kind": {"kind": "tree", "depth": 1}, "noise": 0.3}) == params


def test_params_go_to_keras_tuner_and_back():
    from sentiment.search.keras_tuner_search import from_keras_tuner, to_keras_tuner

    found = to_keras_tuner(SPACE)
    assert set(found.values) == {"kind", "noise", "units", "rate"}  # depth has no meaning for the first kind, a net
    ranges = {hp.name: (hp.min_value, hp.max_value, hp.step, hp.sampling) for hp in found.space if hp.name != "kind"}
    assert ranges["units"] == (16, 64, 16, "linear") and ranges["rate"] == (1e-3, 1e-1, None, "log")
    for kind, own in (("net", {"units": 48, "rate": 0.02}), ("tree", {"depth": 4})):
        params = {"kind": kind, **own, "noise": 0.25}
        assert from_keras_tuner(SPACE, {**found.values, **params}) == params


def test_format_params_is_readable():
    assert format_params({"units": 64, "dropout": 0.30000001, "kind": "net"}) == "units=64 dropout=0.3 kind=net"
