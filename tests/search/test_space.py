import pytest

from steps import models
from steps.search.hyperopt_search import flatten, search, to_values
from steps.search.space import Choice, Integer, LogUniform, Uniform, active, describe, label, resolve
from steps.workflow.errors import UserError

SPACE = {
    "kind": Choice(("net", "tree")),
    "units": Integer(16, 64, step=16, when={"kind": ("net",)}),
    "rate": LogUniform(1e-3, 1e-1, when={"kind": ("net",)}),
    "depth": Integer(1, 5, when={"kind": ("tree",)}),
    "noise": Uniform(0.0, 0.5),
}
DEFAULTS = {"kind": "net", "units": 32, "rate": 0.01, "depth": 3, "noise": 0.1}


def test_resolve_fills_in_what_has_a_meaning():
    assert resolve("f", SPACE, DEFAULTS, {"units": "64"}) == {"kind": "net", "units": 64, "rate": 0.01, "noise": 0.1}
    assert resolve("f", SPACE, DEFAULTS, {"kind": "tree"}) == {"kind": "tree", "depth": 3, "noise": 0.1}


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"unit": "64"}, "no hyperparameter unit: expected kind: net | tree; units: 16 to 64 in steps of 16"),
        ({"units": "65"}, "units=65 is outside"),
        ({"units": "many"}, "units=many is outside"),
        ({"noise": "nan"}, "noise=nan is outside"),
        ({"kind": "forest"}, "kind=forest is outside"),
        ({"depth": "2"}, "depth has no effect at this point of f: depth goes with kind=tree"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(given, expected):
    with pytest.raises(UserError) as raised:
        resolve("f", SPACE, DEFAULTS, given)
    assert expected in str(raised.value)


@pytest.mark.parametrize("family", models.families())
def test_defaults_of_a_family_lie_in_its_space(family):
    module = models.family(family)
    assert set(module.DEFAULTS) == set(module.SPACE)
    assert all(value in module.SPACE[name] for name, value in module.DEFAULTS.items())
    assert describe(module.SPACE)


@pytest.mark.parametrize("algo", ["tpe", "random", "anneal"])
@pytest.mark.parametrize("max_evals", [1, 30])
def test_search_starts_at_the_start_stays_in_the_space_and_repeats_itself(algo, max_evals):
    def points():
        seen = []

        def loss(point):
            seen.append(point)
            return point["noise"]

        search(SPACE, DEFAULTS, loss, max_evals, algo, seed=3)
        return seen

    seen = points()
    assert seen == points() and len(seen) == max_evals
    assert seen[0] == {name: DEFAULTS[name] for name in active(SPACE, DEFAULTS)}
    for point in seen:
        assert list(point) == active(SPACE, point)
        assert all(value in SPACE[name] for name, value in point.items())


def test_tpe_finds_the_low_end():
    losses = []

    def loss(point):
        losses.append(point["noise"])
        return point["noise"]

    search(SPACE, DEFAULTS, loss, 60, "tpe", seed=0)
    assert sum(losses[40:]) < sum(losses[:20])


def test_failed_trials_do_not_end_the_search():
    seen = []

    def objective(point):
        seen.append(point)
        return None if len(seen) % 2 else 1.0

    search(SPACE, DEFAULTS, objective, 25, "tpe", seed=0)
    assert len(seen) == 25
    search(SPACE, DEFAULTS, lambda point: None, 3, "tpe", seed=0)  # all of them: the caller knows


def test_a_point_goes_to_hyperopt_and_back():
    point = {"kind": "tree", "depth": 2, "noise": 0.3}
    assert to_values(SPACE, point) == {"kind": 1, "depth:tree": 2, "noise": 0.3}
    assert flatten(SPACE, {"kind": {"kind": "tree", "depth": 2.0}, "noise": 0.3}) == point


def test_label_is_readable():
    assert label({"units": 64, "dropout": 0.30000001, "kind": "net"}) == "units=64 dropout=0.3 kind=net"
