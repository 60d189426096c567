import pytest

from sentiment.markdown import escape_prose, to_markdown


@pytest.mark.parametrize(
    "text, expected",
    [
        ("![x](http://host/p.png)", r"!\[x\](http://host/p.png)"),
        ("<b> *very* _good_ snake_case", r"&lt;b> \*very\* \_good\_ snake_case"),
        ("run `main -P note='a *b* <c>'` again", "run `main -P note='a *b* <c>'` again"),
        ("```![x](u)`", r"```!\[x\](u)`"),  # no code: three backticks are closed by three
        ("` a `` b `![x](u)`", r"` a `` b `!\[x\](u)`"),
        ("two\nlines", "two lines"),
    ],
)
def test_names_are_shown_as_they_are_and_commands_as_code(text, expected):
    assert escape_prose(text) == expected


def test_no_cell_ends_the_cell_it_is_in():
    table = to_markdown([["a|b", "`c|d`"], ["1", "2"]])
    assert table.splitlines()[0] == r"| a\|b | `c\|d` |"
