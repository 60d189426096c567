import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.tables import delimited, json_lines, parquet
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError

TABLE = pd.DataFrame({"text": ['Good, "really"\ngood', "NA", "schön 😀"], "label": ["pos", "neg", "pos"]})


def write(path, table):
    {
        ".csv": lambda: table.to_csv(path, index=False),
        ".tsv": lambda: table.to_csv(path, index=False, sep="\t"),
        ".jsonl": lambda: table.to_json(path, orient="records", lines=True),
        ".parquet": lambda: table.to_parquet(path),
    }[path.suffix]()
    return str(path)


@pytest.fixture
def small_batches(monkeypatch):
    """Files are read two rows at a time, so that those of a test have several batches."""
    for kind in (delimited, json_lines, parquet):
        monkeypatch.setattr(kind, "BATCH_ROWS", 2)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path, small_batches, suffix):
    given = CorpusInput(Corpus(write(tmp_path / f"reviews{suffix}", TABLE)))
    frame, source = given.read(), given.found.location
    assert frame[["text", "label"]].to_dict("list") == TABLE.to_dict("list")
    assert frame["id"].tolist() == ["0", "1", "2"]
    assert source == str(tmp_path / f"reviews{suffix}")


def test_columns_may_have_other_names_and_numbers_for_labels(tmp_path):
    path = write(tmp_path / "stars.parquet", pd.DataFrame({"review": ["a", "b", None], "stars": [1.0, 5.0, None]}))
    frame = CorpusInput(Corpus(path, text_column="review", label_column="stars")).read()
    assert frame["label"].tolist() == ["1", "5", ""] and frame["text"].tolist() == ["a", "b", ""]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_a_column_of_slices_is_kept_where_a_file_has_one(tmp_path, suffix):
    path = write(tmp_path / f"reviews{suffix}", TABLE.assign(slice=["web", None, " app"], other=1))
    frame = CorpusInput(Corpus(path)).read()
    assert frame.columns.tolist() == ["id", "text", "label", "slice"] and frame["slice"].tolist() == ["web", "", "app"]
    assert "slice" not in CorpusInput(Corpus(write(tmp_path / f"without{suffix}", TABLE))).read()


def test_what_follows_a_closing_quote_is_part_of_the_field(tmp_path):
    rows = '"Great" film,pos\n"two\nlines",neg\n"a blank\nbehind" ,neg\n"He said "hi" to me","pos\n"\n'
    (tmp_path / "quoted.csv").write_text(f"text,label\n{rows}")
    frame = CorpusInput(Corpus(str(tmp_path / "quoted.csv"))).read()
    assert frame["text"].tolist() == ["Great film", "two\nlines", "a blank\nbehind ", 'He said hi" to me"']
    assert frame["label"].tolist() == ["pos", "neg", "neg", "pos"]


def test_lines_and_backslashes_of_quoted_texts_are_read(tmp_path):
    rows = [("Good, really good\nand cheap", "pos"), ("C:\\", "neg"), ('\\"so\\"', "pos"), ("a\ttab\nand\ttwo", "neg")]
    for suffix, separator in ((".csv", ","), (".tsv", "\t")):
        path = tmp_path / f"lines{suffix}"
        pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False, sep=separator)
        assert CorpusInput(Corpus(str(path))).read()[["text", "label"]].to_numpy().tolist() == list(map(list, rows))
    (tmp_path / "one.tsv").write_text('text\n"two\nlines"\n')
    assert CorpusInput(Corpus(str(tmp_path / "one.tsv"), label_required=False)).read()["text"].tolist() == [
        "two\nlines"
    ]


def test_a_pattern_may_begin_in_the_root_folder(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nfine,pos\n")
    top = tmp_path.parts[1]
    pattern = str(tmp_path / "*.csv").replace(top, f"{top[:-1]}?", 1)
    assert CorpusInput(Corpus(pattern)).read()["text"].tolist() == ["fine"]


def test_a_file_of_a_folder_whose_name_is_not_utf8_is_one_line(tmp_path):
    (tmp_path / "pos").mkdir()
    with open(os.fsencode(tmp_path / "pos") + b"/caf\xe9.txt", "w") as file:
        file.write("fine")
    with pytest.raises(UserError, match=r"the name of b'.*caf\\xe9.txt' is not UTF-8: give the file another one"):
        CorpusInput(Corpus(str(tmp_path))).read()


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    (tmp_path / "excel.csv").write_bytes("\ufefftext,label\nfine,pos\n".encode())
    assert CorpusInput(Corpus(str(tmp_path / "excel.csv"))).read()["text"].tolist() == ["fine"]


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"text,label\n", "has no rows"),
        ("latin.csv", "text,label\nschön,pos\n".encode("latin-1"), "not UTF-8"),
        ("latin.jsonl", '{"text": "schön", "label": "pos"}\n'.encode("latin-1"), "not UTF-8"),
        ("wide.csv", b"review,label\na,b\n", "no column 'text': it has review, label; .*text_column"),
        ("wide.tsv", b"text\tclass\na\tb\n", "no column 'label': it has text, class; .*label_column"),
        (
            "blank.csv",
            b"text, label\na,b\n",
            "has no column 'label': it has text, ' label'; name .* -P label_column=' label', or",
        ),
        (
            "marks.csv",
            b"\xef\xbb\xbf\xef\xbb\xbftext,label\na,b\n",
            r"has '\\ufefftext', label; .*column=\$'\\ufefftext'$",
        ),
        (  # bash reads \\xa0 as a byte
            "no-break.csv",
            "\xa0text,label\na,b\n".encode(),
            r"has '\\xa0text', label; .*column=\$'\\u00a0text'$",
        ),
        ("broken.jsonl", b'{"text": "a", \n', "cannot be read as .jsonl"),
        ("broken.parquet", b"not parquet at all", "cannot be read as .parquet"),
        ("semicolons.csv", b"text;label\nfine, really;pos\n", "separated by semicolons, type python -c .*sep=';'"),
        ("tabs.csv", b"text\tlabel\nfine\tpos\n", "separated by tabs, .* and give commas.csv"),
        (
            "no_header.csv",
            b"pos,I laughed all the way home\nneg,dull\n",
            r"first line looks like a row, type \(echo 'label,text'; cat .*no_header.csv\) > named.csv",
        ),
        (
            "array.jsonl",
            b'[{"text": "a", "label": "b"}]',
            "looks like a JSON array, type jq -c '.\\[\\]' .*array.jsonl",
        ),
        ("array.json", b'[{"text": "a", "label": "b"}]', "looks like a JSON array, type jq -c"),
        ("lines.json", b'{"text": "a", "label": "b"}\n{"text": "c", "label": "d"}', "type cp .*lines.json lines.jsonl"),
        ("book.xlsx", b"PK", "this is a spreadsheet, save it as book.csv"),
        ("ragged.csv", b"text,label\na,b\na,b,c,d\n", "cannot be read as .csv"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(str(tmp_path / name))).read()


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("comma.csv", b"text,label\nfine,pos\nGreat film, loved it,pos\n", "line 3 has 3 fields, the header has 2"),
        ("all.csv", b"text,label\nGreat film, loved it,pos\n", "line 2 has 3 fields, the header has 2"),
        (
            "short.csv",
            b"id,text,label\n1,fine,pos\n\n2,awful\n",
            "line 4 has 2 fields, the header has 3; .*one field per",
        ),
        ("short.tsv", b"text\tlabel\nfine\n", "line 2 has 1 field, the header has 2; .* a tab"),
        ("after.csv", b'text,label\n"two\nlines",pos\nlost\n', "line 4 has 1 field"),
        ("quote.csv", b'text,label\nfine,pos\n"lost,pos\nfine,pos\n', "line 3 has a quote that is never closed"),
        (
            "quotes.tsv",
            b'text\tlabel\n"It was great\tpos\nawful\tneg\n"bar none\tpos\nok\tneg\n',
            "line 2 has a quoted field that ends in the middle of line 4; .* double each quote inside a quoted field",
        ),
        (
            "rows.tsv",
            b'text\tlabel\n"no way\tneg\nbad\tpos\nso so\tpos\nnice he said"\tpos\n',
            "line 2 has a quoted field that goes on to line 5, through lines that look like rows; .* double each quote",
        ),
        (
            "escaped.csv",
            b'text,label\nfine,pos\n"He said \\"hi\\" there",pos\n',
            "line 3 has a quote that a backslash escap",
        ),
        ("latin.csv", b"text,label\nfine,pos\nsch\xf6n,pos\n", r"not UTF-8 \(line 3\): convert it to UTF-8"),
        ("header.csv", b"text,label,sch\xf6n\nfine,pos,1\n", r"not UTF-8 \(line 1\): convert it to UTF-8"),
        ("utf16.csv", "text,label\nfine,pos\n".encode("utf-16"), "not UTF-8"),
        (
            "le.csv",
            "text,label\na,b\n".encode("utf-16-le"),
            "looks like UTF-16, type iconv -f UTF-16LE .* le.csv > utf8",
        ),
        (
            "be.csv",
            "text,label\na,b\n".encode("utf-16-be"),
            "looks like UTF-16, type iconv -f UTF-16BE .* be.csv > utf8",
        ),
        ("latin.jsonl", b'{"text": "a", "label": "b"}\n{"text": "\xf6"}\n', r"not UTF-8 \(line 2\)"),
        ("half.jsonl", b'{"text": "a", "label": "b"}\n{"text": "\\ud83d"}\n', r"not UTF-8 \(line 2\)"),
        ("list.jsonl", b'{"text": "a", "label": "b"}\n\n["a"]\n', "line 3 is not a JSON object; expected a JSON obj"),
        ("twice.csv", b"text,text,label\na,b,c\n", "has two columns text"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(tmp_path, monkeypatch, name, content, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"^corpus={name} .*{expected}"):
        CorpusInput(Corpus(name)).read()


def test_blank_lines_are_no_rows(tmp_path):
    (tmp_path / "blank.csv").write_text('\ntext,label\n\nfine,pos\n   \n"",neg\nawful,\n\n')
    frame = CorpusInput(Corpus(str(tmp_path / "blank.csv"))).read()
    assert frame["text"].tolist() == ["fine", "", "awful"] and frame["label"].tolist() == ["pos", "neg", ""]


def test_words_that_stand_for_missing_values_elsewhere_are_texts(tmp_path):
    (tmp_path / "words.csv").write_text("text,label\nNA,null\nnan,None\n")
    frame = CorpusInput(Corpus(str(tmp_path / "words.csv"))).read()
    assert frame["text"].tolist() == ["NA", "nan"] and frame["label"].tolist() == ["null", "None"]


def test_json_values_of_several_types_are_labels_and_only_strings_are_texts(tmp_path):
    lines = ('{"text": 7, "label": 1}', '{"text": "a", "label": 1.0}', '{"text": null, "label": "x"}', '{"text": 1.5}')
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines))
    frame = CorpusInput(Corpus(str(tmp_path / "mixed.jsonl"))).read()
    assert frame["text"].tolist() == ["", "a", "", ""] and frame["label"].tolist() == ["1", "1", "x", ""]


@pytest.mark.parametrize(
    "other, kind", [("7", pa.int64()), ("1.5", pa.string()), ("18446744073709551616", pa.string())]
)
def test_a_number_of_many_digits_in_json_keeps_them(tmp_path, other, kind):
    ids = ("9007199254740993", other)  # the first is one that no float has
    (tmp_path / "ids.jsonl").write_text("".join(f'{{"id": {number}, "text": "a"}}\n' for number in ids))
    table = open_table(Corpus(str(tmp_path / "ids.jsonl")))
    (batch,) = table
    assert table.schema.field("id").type == kind
    assert tuple(map(str, batch.columns.column("id").to_pylist())) == ids


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.binary())])
def test_bytes_in_parquet_are_decoded(tmp_path, kind):
    texts, labels = pa.array(["schön".encode(), None]), pa.array([b"pos", b"neg"])
    table = pa.table({"text": texts.cast(pa.binary()).cast(kind), "label": labels.cast(pa.binary()).cast(kind)})
    pq.write_table(table, tmp_path / "bytes.parquet")
    frame = CorpusInput(Corpus(str(tmp_path / "bytes.parquet"))).read()
    assert frame["text"].tolist() == ["schön", ""] and frame["label"].tolist() == ["pos", "neg"]


@pytest.mark.parametrize("kind", [pa.binary(), pa.string(), pa.dictionary(pa.int32(), pa.string()), pa.string_view()])
def test_bytes_in_parquet_that_are_not_utf8_are_named_by_their_row(tmp_path, small_batches, kind):
    texts = pa.array([b"fine", b"fine", "schön".encode("latin-1")], pa.binary())
    if pa.types.is_dictionary(kind):
        texts = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int32()), texts.view(pa.string()))
    elif kind == pa.string_view():
        texts = texts.cast(pa.binary_view()).view(kind)
    else:
        texts = texts.view(kind)
    pq.write_table(pa.table({"text": texts, "label": ["pos", "pos", "neg"]}), tmp_path / "latin.parquet")
    with pytest.raises(UserError, match=r"latin.parquet is not UTF-8 \(row 3\): convert it to UTF-8"):
        CorpusInput(Corpus(str(tmp_path / "latin.parquet"))).read()


@pytest.mark.parametrize("row", ['{"text": ["so", "good"], "label": "pos"}', '{"text": "so", "label": {"is": "pos"}}'])
def test_a_list_or_an_object_is_no_text_and_no_label(tmp_path, row):
    (tmp_path / "a.jsonl").write_text('{"text": "good", "label": "pos"}\n\n' + row)
    with pytest.raises(UserError, match="column (text holds a list|label holds a dict) in row 2, expected a string"):
        CorpusInput(Corpus(str(tmp_path / "a.jsonl"))).read()
