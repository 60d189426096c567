import pytest

from sentiment.errors import UserError
from sentiment.model.families import get_family
from sentiment.model.space import Choice, Integer, LogUniform, Uniform
from sentiment.model.training import Training
from sentiment.search.space_file import narrow_space
from sentiment.workflow.parameters import MainParameters
from steps.main import check_space


def narrow(tmp_path, text, family="lstm", discrete=False):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    return narrow_space(family, *get_family(family).search_space(Training()), str(path), discrete)


def test_named_dimensions_are_narrowed_and_the_start_moves_into_them(tmp_path):
    text = """
units: [16, 64]
learning_rate: {log_uniform: [0.001, 0.002]}
embedding_size: {integer: [32, 128], step: 96}
"""
    space, start = narrow(tmp_path, text)
    assert space["units"] == Choice((16, 64)) and space["learning_rate"] == LogUniform(0.001, 0.002)
    assert space["embedding_size"] == Integer(32, 128, 96)
    assert space["dropout"] == get_family("lstm").search_space(Training())[0]["dropout"]
    assert start == {"units": 16, "learning_rate": 0.002, "embedding_size": 32, "dropout": 0.3, "lexicon": "vader"}


def test_in_a_grid_what_is_not_named_stays_at_its_default(tmp_path):
    space, _ = narrow(tmp_path, "units: [16, 64]", discrete=True)
    assert space["dropout"] == Choice((0.3,)) and space["units"] == Choice((16, 64))


def test_a_file_may_have_a_part_for_each_family(tmp_path):
    text = "lstm:\n  units: [16]\nsimple:\n  classifier: gaussian_nb\n"
    assert narrow(tmp_path, text)[0]["units"] == Choice((16,))
    assert narrow(tmp_path, text, family="simple")[0]["classifier"] == Choice(("gaussian_nb",))
    assert narrow(tmp_path, text, family="dense") == get_family("dense").search_space(Training())


def test_numbers_with_an_exponent_are_numbers(tmp_path):
    text = "learning_rate: [1e-3, 5E-3]\nunits: [1.6e1]\ndropout: {uniform: [1e-1, 2e-1]}"
    space, _ = narrow(tmp_path, text)
    assert space["learning_rate"] == Choice((0.001, 0.005)) and space["dropout"] == Uniform(0.1, 0.2)
    assert space["units"].values == (16,) and isinstance(space["units"].values[0], int)


def test_a_whole_number_in_a_choice_is_the_familys_own(tmp_path):
    space, start = narrow(tmp_path, "layers: [2.0, 1e0]", family="dense")
    assert [repr(value) for value in space["layers"].values] == ["2", "1"] and repr(start["layers"]) == "1"
    space, start = narrow(tmp_path, "max_terms: 2e4", family="simple")
    assert [repr(value) for value in space["max_terms"].values] == ["20000"] and repr(start["max_terms"]) == "20000"


def test_main_reads_the_file_for_all_families_before_anything_starts(tmp_path):
    (tmp_path / "space.yaml").write_text("units: [16]")
    parameters = MainParameters(space=str(tmp_path / "space.yaml"), families="simple,lstm")
    with pytest.raises(UserError, match="simple has no hyperparameter units.* put the lines below `lstm:`, indented"):
        check_space(parameters)
    (tmp_path / "space.yaml").write_text("lstm:\n  units: [16]")
    check_space(parameters)


def test_conditions_are_kept(tmp_path):
    space, _ = narrow(tmp_path, "C: [0.1, 1]\nclassifier: linear_svm", family="simple")
    assert space["C"].when == {"classifier": ("logistic_regression", "linear_svm", "nb_svm", "blend")}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("classifier: blend\nC: 1", "For simple, put the lines below `simple:`, indented"),
        ("learning_rate: [1e-3, much]", "does not fit"),
        ("unit: [16]", "lstm has no hyperparameter unit; it has embedding_size, units"),
        ("units: [16, 50]", "units: [16, 50] does not fit, expected distinct values from 16 to 64 in steps of 16"),
        ("units: many", "units: many does not fit"),
        ("units: []", "units: [] does not fit"),
        ("units: [16, 16]", "units: [16, 16] does not fit"),
        ("units: {uniform: [16, 64]}", "expected whole numbers from 16 to 64"),
        ("dropout: {uniform: [0.1, 0.9]}", "dropout: 0.1 to 0.9 does not fit, expected a range within 0.1 to 0.5"),
        ("dropout: {uniform: [0.1]}", "is not a dimension, expected a list of values or one of {uniform: [low, high]}"),
        ("dropout: {normal: [0.1, 0.2]}", "is not a dimension"),
        ("dropout:", "dropout: None does not fit"),
        ("dropout: [~, 0.2]", "does not fit, expected distinct values from 0.1 to 0.5"),
        ("dropout: 2026-01-01", "does not fit"),
        ("lstm: 5", "lstm: 5, expected lines of hyperparameters such as"),
        ("1: [2]", "lstm has no hyperparameter 1; it has"),
        ("dropout: {log_uniform: [0.0, 0.2]}", "0.0 to 0.2 does not fit, expected a range within 0.1 to 0.5"),
        ("- units", "expected a line for each hyperparameter, such as `units: [32, 64]`"),
        ("units: [", "cannot be read as YAML"),
        ("units: [16, 32]\nunits: 64", "cannot be read as YAML: lines 1 and 2 both give units: keep one of them"),
        ("lstm:\n  units: 16\n  dropout: 0.2\n  units: 32", "lines 2 and 4 both give units"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(tmp_path, text, expected):
    with pytest.raises(UserError) as raised:
        narrow(tmp_path, text)
    assert expected in str(raised.value)


def test_a_logarithmic_range_from_0_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected a range above 0 for log_uniform"):
        narrow(tmp_path, "tail_weight: {log_uniform: [0.0, 2.0]}", family="simple")


def test_a_hyperparameter_without_effect_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"alpha has no effect, since it needs classifier=nb_svm.blend.multinomial_nb"):
        narrow(tmp_path, "classifier: linear_svm\nalpha: [0.1]", family="simple")
    with pytest.raises(UserError, match="cannot be read as YAML"):
        narrow_space("lstm", {}, {}, str(tmp_path / "missing.yaml"), False)
