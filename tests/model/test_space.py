import pytest

from sentiment.errors import UserError
from sentiment.model import families
from sentiment.model.space import describe, label, resolve
from sentiment.search.hyperopt_search import flatten, to_values
from tests.conftest import PROJECT
from tests.search.example import DEFAULTS, SPACE


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


@pytest.mark.parametrize("family", families.families())
def test_defaults_of_a_family_lie_in_its_space(family):
    module = families.family(family)
    assert set(module.DEFAULTS) == set(module.SPACE)
    assert all(value in module.SPACE[name] for name, value in module.DEFAULTS.items())


@pytest.mark.parametrize("family", families.families())
def test_the_readme_shows_the_space(family):
    shown = describe(families.family(family).SPACE).replace("|", r"\|")
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert not shown or f"| `{family}` | {shown} |" in readme
    for optional in ("VECTORS_SPACE", "PRETRAINED_SPACE"):
        if part := getattr(families.family(family), optional, None):
            assert f"{describe(part)} |".replace(" | ", r" \| ") in readme


def test_a_point_goes_to_hyperopt_and_back():
    point = {"kind": "tree", "depth": 2, "noise": 0.3}
    assert to_values(SPACE, point) == {"kind": 1, "depth:tree": 2, "noise": 0.3}
    assert flatten(SPACE, {"kind": {"kind": "tree", "depth": 2.0}, "noise": 0.3}) == point


def test_a_point_goes_to_keras_tuner_and_back():
    from sentiment.search.keras_tuner_search import from_keras_tuner, to_keras_tuner

    found = to_keras_tuner(SPACE)
    assert set(found.values) == {"kind", "noise", "units", "rate"}  # depth has no meaning for the first kind, a net
    ranges = {hp.name: (hp.min_value, hp.max_value, hp.step, hp.sampling) for hp in found.space if hp.name != "kind"}
    assert ranges["units"] == (16, 64, 16, "linear") and ranges["rate"] == (1e-3, 1e-1, None, "log")
    for kind, own in (("net", {"units": 48, "rate": 0.02}), ("tree", {"depth": 4})):
        point = {"kind": kind, **own, "noise": 0.25}
        assert from_keras_tuner(SPACE, {**found.values, **point}) == point


def test_label_is_readable():
    assert label({"units": 64, "dropout": 0.30000001, "kind": "net"}) == "units=64 dropout=0.3 kind=net"
