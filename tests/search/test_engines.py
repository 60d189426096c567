"""The engines that propose hyperparameters, each over the same small space with a conditional part."""

import pytest

from sentiment.errors import UserError
from sentiment.model.families import simple
from sentiment.model.space import Choice, Integer, Uniform, drop_inactive
from sentiment.search.engines import SearchConfig, make_engine
from sentiment.search.loop import LAG, lag_of, run_trials
from sentiment.search.trials import Outcome
from sentiment.search.workers import completed_future
from tests.search.example import DEFAULTS, SPACE

ENGINES = [
    ("hyperopt", "tpe"),
    ("hyperopt", "random"),
    ("hyperopt", "anneal"),
    ("keras_tuner", "random"),
    ("keras_tuner", "bayesian"),
    ("keras_tuner", "hyperband"),
]


def config(tuner, algo, count, seed=3, family="dense"):
    return SearchConfig(family, tuner, algo, max_evals=count, epochs=4, seed=seed)


def walk(tuner, algo, count, seed=3, loss=lambda number, params: params["noise"], at_once=1, lag=LAG):
    """The hyperparameters that a search tries, with their epochs."""
    make, most = make_engine(config(tuner, algo, count, seed), SPACE, DEFAULTS)
    tried = []

    def begin(number, params, epochs, outcomes):
        tried.append((params, epochs))
        return completed_future(Outcome("", "", params, 4, loss=loss(number, params)))

    assert len(run_trials(make(), begin, most, at_once, lag=lag)) == len(tried)
    return tried


@pytest.mark.parametrize("tuner, algo", ENGINES)
def test_params_lie_in_the_space_and_the_same_seed_gives_the_same_ones(tuner, algo):
    tried = walk(tuner, algo, 12)
    assert tried == walk(tuner, algo, 12) != walk(tuner, algo, 12, seed=4)
    assert 8 <= len(tried) <= 12  # hyperband has its own idea of the number
    for params, epochs in tried:
        assert list(params) == list(drop_inactive(SPACE, params))
        assert all(value in SPACE[name] for name, value in params.items())
        assert epochs is None or 1 <= epochs <= 4
    assert {params["kind"] for params, _ in tried} == {"net", "tree"}


@pytest.mark.parametrize("tuner, algo", ENGINES)
def test_a_search_starts_at_the_start(tuner, algo):
    for start in (DEFAULTS, DEFAULTS | {"kind": "tree"}):
        make, _ = make_engine(config(tuner, algo, 9), SPACE, start)
        engine = make()
        asked = [engine.ask()[0] for _ in range(2)]
        assert asked[0] == drop_inactive(SPACE, start) != asked[1]


def test_hyperopt_tries_the_starts_of_a_family_first_as_far_as_a_space_has_them():
    points = [drop_inactive(simple.SPACE, simple.DEFAULTS | changes) for changes in ({}, *simple.STARTS)]
    engine = make_engine(config("hyperopt", "tpe", 9, family="simple"), simple.SPACE, simple.DEFAULTS)[0]()
    assert [engine.ask()[0] for _ in points] == points and engine.ask()[0] not in points
    narrowed = simple.SPACE | {"classifier": Choice(("multinomial_nb",)), "max_order": Choice((2,))}
    start = simple.DEFAULTS | {"classifier": "multinomial_nb"}
    engine = make_engine(config("hyperopt", "tpe", 9, family="simple"), narrowed, start)[0]()
    assert engine.ask()[0] == drop_inactive(narrowed, start) != engine.ask()[0]


def test_hyperband_takes_the_better_half_to_more_epochs():
    tried = walk("keras_tuner", "hyperband", 100)
    assert {epochs for _, epochs in tried} == {2, 4}
    further = [params for params, epochs in tried if epochs == 4 and (params, 2) in tried]
    assert further and min(params["noise"] for params, _ in tried if _ == 2) in [params["noise"] for params in further]


def test_tpe_learns_where_the_losses_are_low():
    losses = [params["noise"] for params, _ in walk("hyperopt", "tpe", 40)]
    assert sum(losses[25:]) / 15 < sum(losses[:10]) / 10


def test_any_number_of_trials_at_a_time_up_to_the_lag_tries_the_same():
    tried = walk("hyperopt", "tpe", 30)
    assert tried == walk("hyperopt", "tpe", 30, at_once=16)
    assert lag_of(1) == lag_of(4) == LAG and tried != walk("hyperopt", "tpe", 30, at_once=16, lag=lag_of(16))


def test_a_loss_of_zero_is_the_lowest():
    perfect, good = (
        walk("hyperopt", "anneal", 12, loss=lambda number, params, low=low: low if number == 3 else 1.0)
        for low in (0.0, 1e-9)
    )
    assert perfect == good


@pytest.mark.parametrize("tuner, algo", ENGINES)
def test_failed_trials_do_not_end_a_search(tuner, algo):
    def every_other(number, params):
        return None if number % 2 else params["noise"]

    assert len(walk(tuner, algo, 10, loss=every_other)) >= 6
    assert walk(tuner, algo, 5, loss=lambda number, params: None)


def test_a_running_trial_is_not_proposed_again():
    """Before it is told anything of the last five, TPE counts them as the worst."""
    make, _ = make_engine(config("hyperopt", "tpe", 60), {"noise": Uniform(0.0, 1.0)}, {"noise": 0.5})
    search, tried = make(), []
    for number in range(1, 31):
        tried.append(search.ask()[0]["noise"])
        search.tell(number, abs(tried[-1] - 0.3))
    going = [search.ask()[0]["noise"] for _ in range(6)]
    assert len({round(value, 3) for value in going}) == 6


def test_a_grid_is_every_combination_once_and_in_order():
    space = {
        "kind": Choice(("net", "tree")),
        "units": Integer(16, 32, step=16, when={"kind": ("net",)}),
        "rate": Choice((0.1, 0.2)),
    }
    make, count = make_engine(config("hyperopt", "grid", 1), space, {})
    search = make()
    tried = [search.ask()[0] for _ in range(count)]
    assert [tuple(params.values()) for params in tried] == [
        ("net", 16, 0.1),
        ("net", 16, 0.2),
        ("net", 32, 0.1),
        ("net", 32, 0.2),
        ("tree", 0.1),
        ("tree", 0.2),
    ]


def test_a_grid_of_more_than_ten_thousand_points_is_refused():
    grid = config("hyperopt", "grid", 1)
    assert make_engine(grid, {"units": Integer(1, 10_000)}, {})[1] == 10_000
    with pytest.raises(UserError, match="the grid has 10001 points, more than 10000: narrow it with -P space="):
        make_engine(grid, {"units": Integer(1, 10_001)}, {})


@pytest.mark.parametrize(
    "tuner, algo, family, expected",
    [
        (
            "hyperopt",
            "grid",
            "lstm",
            "algo=grid needs discrete values, and there are none for rate (0.001 to 0.1 (log))",
        ),
        (
            "hyperopt",
            "bayesian",
            "lstm",
            "tuner=hyperopt has no algo=bayesian: expected one of tpe, random, anneal, grid",
        ),
        ("keras_tuner", "tpe", "lstm", "tuner=keras_tuner has no algo=tpe"),
        (
            "keras_tuner",
            "random",
            "simple",
            "and simple is not one: use tuner=hyperopt, or one of ",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(tuner, algo, family, expected):
    with pytest.raises(UserError) as raised:
        make_engine(config(tuner, algo, 5, family=family), SPACE, DEFAULTS)
    assert expected in str(raised.value)


@pytest.mark.parametrize("algo", ["tpe", "random", "anneal"])
def test_hyperopt_proposes_every_declared_integer_alike_and_no_other(algo):
    space = {"units": Integer(16, 80, step=32), "noise": Uniform(0.5, 1.0)}
    make, _ = make_engine(config("hyperopt", "random", 300), space, {"units": 48, "noise": 0.5})
    engine = make()
    tried = [engine.ask()[0]["units"] for _ in range(300)]
    assert tried[0] == 48 and set(tried) == {16, 48, 80}
    # The ends are as likely as the middle: 100 expected, a standard deviation of 8.2.
    assert all(75 <= tried.count(units) <= 125 for units in (16, 48, 80))
    make, _ = make_engine(config("hyperopt", algo, 30), space, {"units": 48, "noise": 0.5})
    engine = make()
    for number in range(1, 31):
        params, _ = engine.ask()
        assert params["units"] in (16, 48, 80) and 0.5 <= params["noise"] <= 1.0
        engine.tell(number, abs(params["units"] - 16) + params["noise"])
