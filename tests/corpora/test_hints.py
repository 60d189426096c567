"""The commands that messages print for files of another form: what they make of such a file is its content."""

import re
import shlex
import sys

import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.errors import UserError


@pytest.fixture
def refuse(tmp_path, monkeypatch):
    """Writes a file and returns the message of ingest about it; the folder is the current one."""
    monkeypatch.chdir(tmp_path)

    def write_and_read(name, content):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError) as raised:
            CorpusInput(Corpus(name)).read()
        return str(raised.value)

    return write_and_read


@pytest.mark.filterwarnings("ignore:Length of header")  # pandas, of the semicolon that ends each line
@pytest.mark.parametrize(
    "name, first, encoding",
    [
        ("excel.csv", "", "utf-8"),
        ("Ada's $HOME.csv", "", "utf-8-sig"),
        ("western.csv", "", "cp1252"),
        ("told.csv", "sep=;\r\n", "utf-8-sig"),
        ("both.csv", "sep=;\r\n", "cp1252"),
    ],
)
def test_a_file_with_semicolons_is_the_same_with_commas(refuse, monkeypatch, name, first, encoding):
    rows = [("NA", "0012"), ("schön, „gut“ “wirklich”", "None"), ("n/a", "1e3"), ("null", ""), ("1.50", "true")]
    lines = "".join(f"{text};{label};\r\n" for text, label in rows)
    said = refuse(name, f"{first}text;label\r\n{lines}".encode(encoding))
    python, option, code, path = shlex.split(re.search("type (python .*) and give commas.csv", said)[1])
    assert (python, option, path) == ("python", "-c", name)
    monkeypatch.setattr(sys, "argv", ["-c", path])
    exec(code, {})
    frame = CorpusInput(Corpus("commas.csv")).read()
    assert frame[["text", "label"]].to_numpy().tolist() == [list(row) for row in rows]


@pytest.mark.parametrize("mark, typed", [(b"", "cat"), (b"\xef\xbb\xbf", "tail -c +4")])
def test_a_byte_order_mark_does_not_get_into_the_first_text(refuse, mark, typed):
    said = refuse("rows.csv", mark + b"pos,I laughed all the way home\nneg,dull\n")
    assert f"type (echo 'label,text'; {typed} rows.csv) > named.csv and give named.csv" in said
