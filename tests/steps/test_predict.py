import pytest

from sentiment.errors import UserError
from sentiment.workflow.command_line import parse
from steps.predict import predict


@pytest.mark.parametrize("given", ["parts/*.csv", "_hidden.csv"])
def test_what_spark_would_read_in_its_own_way_is_refused(given):
    arguments = [f"--input={given}", "--output=out.csv", "--engine=spark", "--spark_master=local[1]"]
    with pytest.raises(UserError, match="engine=spark takes one path, without .*, whose name does not begin with"):
        predict(parse("predict", arguments), hold=lambda: None)


@pytest.mark.parametrize(
    "given, name",
    [
        (["--input=sqlite:///shop.db", "--query=select 1 as text", "--output=scored.csv"], "input"),
        (["--input=reviews.csv", "--output=sqlite:///shop.db#scored"], "output"),
    ],
)
def test_spark_takes_paths_alone(given, name):
    with pytest.raises(UserError, match="^sqlite:.*: engine=spark reads and writes paths that end in"):
        predict(parse("predict", [*given, "--engine=spark", "--spark_master=local[1]"]), hold=lambda: None)
