"""Files that are compressed, several, or elsewhere: read, digested, and written by predict."""

import bz2
import gzip
import io
import lzma
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.stores import buckets, web
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError
from sentiment.scoring.outputs import get_output
from sentiment.scoring.rows import open_input
from tests.corpora.web import serve_web

TEXTS = [f"text {number}, schön" for number in range(12_000)]  # several batches
ROWS = pa.table({"text": TEXTS, "label": ["neg", "pos"] * 6_000})
CSV = ("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in zip(*ROWS.to_pydict().values()))).encode()
SOME = pa.table({"text": ["A gem.", "Dull."], "label": ["pos", "neg"]})


def parquet(table=SOME):
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("suffix", [*COMPRESS, ".zst"])
def test_a_compressed_file_has_the_same_rows_and_a_cut_one_is_told(tmp_path, suffix):
    path = tmp_path / f"reviews.csv{suffix}"
    with get_output(str(path)).open_output(str(path), ROWS.schema) as output:  # as predict writes it
        for batch in ROWS.to_batches(max_chunksize=5_000):
            output.write(batch)
    assert list(tmp_path.iterdir()) == [path]
    frame = CorpusInput(Corpus(str(path))).read()
    assert frame["text"].tolist() == TEXTS
    if suffix in COMPRESS:  # by its own library, several members one after the other
        path.write_bytes(COMPRESS[suffix](CSV[:70_000]) + COMPRESS[suffix](CSV[70_000:]))
        assert CorpusInput(Corpus(str(path))).read()["text"].tolist() == TEXTS
    table = open_table(Corpus(str(path)))
    assert [batch.done for batch in table][-1] == table.total == path.stat().st_size
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"reviews.csv{suffix} cannot be decompressed .*: it is cut short or broken"):
        CorpusInput(Corpus(str(path))).read()


@pytest.mark.parametrize("suffix", COMPRESS)
def test_what_follows_padding_is_read_and_what_is_no_member_is_told(tmp_path, suffix):
    path, (first, second) = tmp_path / f"reviews.csv{suffix}", map(COMPRESS[suffix], (CSV[:70_000], CSV[70_000:]))
    path.write_bytes(first + b"\0" * 2_000_000 + second + b"\0" * 4)  # more than is read at once
    assert CorpusInput(Corpus(str(path))).read()["text"].tolist() == TEXTS
    path.write_bytes(first + b"\n" + second)
    with pytest.raises(UserError, match=f"reviews.csv{suffix} cannot be decompressed .*: it is cut short or broken"):
        CorpusInput(Corpus(str(path))).read()


def test_several_files_are_one_table_with_ids_that_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("b/2.csv", "dull,neg\n"), ("a.csv", "fine,pos\ngood,pos\n"), ("b/.hidden.csv", "x,y\n")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text,label\n" + rows)
    frame = CorpusInput(Corpus("**/*.csv")).read()
    assert frame["text"].tolist() == ["fine", "good", "dull"] and frame["id"].tolist() == [
        "a.csv:0",
        "a.csv:1",
        "b/2.csv:0",
    ]
    before = CorpusInput(Corpus("**/*.csv")).digest
    (tmp_path / "a0.csv").write_text("label,text\npos,new\n")  # the columns in another order
    frame = CorpusInput(Corpus("**/*.csv")).read()
    assert "b/2.csv:0" in set(frame["id"]) and frame["text"].tolist() == ["fine", "good", "new", "dull"]
    grown = CorpusInput(Corpus("**/*.csv")).digest
    (tmp_path / "b/2.csv").rename(tmp_path / "b/3.csv")  # the ids are others
    assert len({before, grown, CorpusInput(Corpus("**/*.csv")).digest}) == 3
    (tmp_path / "a1.csv").write_text("text,label\n\nbroken\n")
    with pytest.raises(UserError, match=r"corpus=\*\*/\*.csv: a1.csv cannot be read as .csv: line 3 has 1 field"):
        CorpusInput(Corpus("**/*.csv")).read()
    (tmp_path / "a1.csv").write_text("text,stars\nfine,5\n")
    with pytest.raises(UserError, match=r"a1.csv and a.csv have different columns \(text, stars and text, label\)"):
        CorpusInput(Corpus("a*.csv")).read()
    with pytest.raises(UserError, match="no file matches"):
        CorpusInput(Corpus("none-*.csv")).read()


def test_a_folder_of_parquet_files_is_a_table(tmp_path):
    for name in ("part-1.parquet", "day=2/part-2.parquet", "_temporary/part-3.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(parquet())
    frame = CorpusInput(Corpus(str(tmp_path))).read()
    assert frame["id"].tolist() == [
        "day=2/part-2.parquet:0",
        "day=2/part-2.parquet:1",
        "part-1.parquet:0",
        "part-1.parquet:1",
    ]
    table = open_table(Corpus(str(tmp_path)))
    assert [batch.done for batch in table] == [2, 4] and table.total == 4
    (tmp_path / "part-4.parquet").write_bytes(parquet(pa.table({"text": [1], "label": ["pos"]})))
    with pytest.raises(UserError, match="part-4.parquet has a column of another type than .*: convert it"):
        CorpusInput(Corpus(str(tmp_path))).read()


@pytest.mark.parametrize("ids", [([0.5, 1.5], [1234567890123456789, 2]), (["1", "2"], [3, 4])])
def test_only_columns_that_are_needed_have_to_have_one_type_in_all_files(tmp_path, ids):
    for number, values in enumerate(ids):
        (tmp_path / f"{number}.parquet").write_bytes(parquet(SOME.append_column("id", pa.array(values))))
    frame = CorpusInput(Corpus(str(tmp_path))).read()
    assert frame["text"].tolist() == ["A gem.", "Dull."] * 2 and frame["label"].tolist() == ["pos", "neg"] * 2
    # predict writes them all
    with pytest.raises(UserError, match="1.parquet has a column of another type than the other files .*: convert it"):
        list(open_input(Corpus(str(tmp_path), parameter="input", all_columns=True)))


def test_a_file_without_labels_fits_those_with_numbers_and_a_dictionary_strings(tmp_path):
    (tmp_path / "1.jsonl").write_text('{"text": "new", "label": null}\n')
    (tmp_path / "2.jsonl").write_text('{"text": "A gem.", "label": 5}\n')
    (tmp_path / "3.jsonl").write_text('{"text": "newer", "label": null}\n')
    assert CorpusInput(Corpus(f"{tmp_path}/*.jsonl")).read()["label"].tolist() == ["", "5", ""]
    for number, label in enumerate((SOME["label"], SOME["label"].dictionary_encode())):
        (tmp_path / f"{number}.parquet").write_bytes(parquet(SOME.set_column(1, "label", label)))
    assert CorpusInput(Corpus(str(tmp_path))).read()["label"].tolist() == ["pos", "neg"] * 2


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("a.parquet.gz", b"x", "Parquet files have a compression of their own"),
        ("cut.parquet", parquet()[:200], "cannot be read as .parquet: .*; if it is cut short, copy it again"),
        ("latin.csv.gz", gzip.compress("text,label\nschön,pos\n".encode("latin-1"), mtime=0), r"not UTF-8 \(line 2\)"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(str(tmp_path / name))).read()


def test_a_file_that_changes_between_its_digest_and_the_read_is_not_read(tmp_path, site):
    local = tmp_path / "a.csv"
    for address in (str(local), f"{site.url}/a.csv"):
        local.write_bytes(CSV)
        site.files["/a.csv"] = CSV
        given = CorpusInput(Corpus(address))
        assert given.digest and len(given.read()) == len(TEXTS)
        local.write_bytes(CSV[:-1])
        site.files["/a.csv"] = CSV[:-1]
        with pytest.raises(UserError, match="a.csv has changed while it was read: start again"):
            given.read()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    (tmp_path / "a.csv").touch(0o000)
    with pytest.raises(UserError, match="Permission denied, let this user read it"):
        CorpusInput(Corpus(str(tmp_path / "a.csv"))).read()


@pytest.fixture(scope="module")
def server():
    with serve_web() as found:
        yield found


@pytest.fixture
def site(server, monkeypatch):
    monkeypatch.setattr(web, "PAUSE", 0.001)
    server.files = {"/a.csv": CSV, "/a.csv.gz": gzip.compress(CSV), "/a.parquet": parquet(), "/secret.csv": b"refused"}
    server.files["/login.csv"] = b"<html>Log in</html>"
    server.ranges, server.breaks, server.tags = True, 0, True
    server.asked.clear()
    return server


def test_a_file_on_a_web_server(site):
    corpus = Corpus(f"{site.url}/a.csv?download=1")
    given = CorpusInput(corpus)
    frame, location = given.read(), given.found.location
    assert frame["text"].tolist() == TEXTS and location == corpus.address
    assert CorpusInput(corpus).found.dataset_source().to_dict() == {"url": corpus.address}
    assert CorpusInput(Corpus(f"{site.url}/a.csv.gz")).read()["text"].tolist() == TEXTS
    assert CorpusInput(Corpus(f"{site.url}/a.parquet")).read()["text"].tolist() == ["A gem.", "Dull."]
    before = CorpusInput(corpus).digest
    assert before.of == "ETag" and CorpusInput(corpus).digest == before
    site.files["/a.csv"] = CSV[:-1]
    assert CorpusInput(corpus).digest != before
    site.tags = False
    assert CorpusInput(corpus).digest is None


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_goes_on_where_it_broke(site, ranges):
    corpus = Corpus(f"{site.url}/a.csv")
    table = open_table(corpus)
    site.ranges, site.breaks = ranges, 2
    assert sum((list(batch.values("text")) for batch in table), []) == TEXTS
    assert site.breaks == 0 and any(site.asked)


def test_a_connection_that_cannot_be_taken_up_again_fails_whole(site):
    table = open_table(Corpus(f"{site.url}/a.csv"))
    site.breaks = 1_000
    again = r"and on each of 4 retries \(Incom[^'\"]*\): try again"
    with pytest.raises(UserError, match=rf"the connection broke after [\d,]+ bytes, {again}"):
        list(table)
    site.breaks, site.tags = 0, False
    table = open_table(Corpus(f"{site.url}/a.csv"))
    site.breaks = 1
    with pytest.raises(UserError, match=r"the connection broke after [\d,]+ bytes: start again"):
        list(table)
    site.tags, site.breaks = True, 0
    table = open_table(Corpus(f"{site.url}/a.csv"))
    site.breaks, site.files["/a.csv"] = 1, CSV.replace(b"text 1,", b"text 0,")
    with pytest.raises(UserError, match="has changed while it was read: start again"):
        list(table)


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/none.csv", "there is no such file"),
        ("/secret.csv", "the server refuses it: a login goes into ~/.netrc"),
        ("/reviews-*.csv", "a web server has no list of its files"),
        ("/login.csv", "is a web page: give the address of the file itself, and put a login into ~/.netrc"),
        ("/book.xlsx", "expected .*: this is a spreadsheet, save it as book.csv"),
        ("/book.json", "expected .*: JSON is read from .jsonl, one object per line"),
    ],
)
def test_what_a_web_server_does_not_give(site, path, expected):
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(site.url + path)).read()


def test_a_server_that_is_not_there():
    with pytest.raises(UserError, match=r"the server does not answer \(.*refused\): check the address, or try again"):
        CorpusInput(Corpus("http://127.0.0.1:1/a.csv")).read()
    with pytest.raises(UserError, match="output=http://h/a.csv: expected a path, or an address of s3://"):
        get_output("http://h/a.csv")


@pytest.mark.parametrize("credentials", ["", "/nowhere.json"])
def test_google_without_credentials_is_one_line_after_some_seconds(monkeypatch, tmp_path, credentials):
    monkeypatch.setattr(buckets, "PATIENCE", 1)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GCE_METADATA_ROOT", "127.0.0.1:9")  # where nobody answers
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", credentials)
    with pytest.raises(UserError, match="no permission. Credentials come from GOOGLE_APPLICATION_CREDENTIALS, or .gcl"):
        open_table(Corpus("gs://reviews/a.csv"))


@pytest.mark.parametrize("pattern, expected", [("d/*[1.csv", "d/x[1.csv"), ("d/[!a].csv", "d/b.csv")])
def test_a_bracket_that_is_not_closed_is_a_character(pattern, expected):
    assert buckets.translate(pattern).fullmatch(expected)
