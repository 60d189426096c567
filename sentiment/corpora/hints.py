"""Hints for unreadable files: what they look like, and what to type instead."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

SPREADSHEETS = (".xlsx", ".xls", ".ods")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SENTENCE = 4  # words; column names have fewer
# Corpora that users request by a name that NLTK does not have.
ELSEWHERE = {
    "imdb": "unpack aclImdb_v1.tar.gz, delete train/unsup, and give its folder, -P corpus=aclImdb/train; NLTK's "
    "movie_reviews has 2,000 reviews of films"
}


def describe_suffix(path: Path) -> str:
    """What a file of another kind is, after a colon; empty if that is unknown."""
    suffix = path.suffix.lower()
    if suffix in SPREADSHEETS:
        return f": this is a spreadsheet, save it as {path.stem}.csv (CSV UTF-8)"
    if suffix == ".json":
        return f": {describe_json(path) if path.is_file() else 'JSON is read from .jsonl, one object per line'}"
    return ""


def describe_folder(folder: Path) -> str:
    """How to read the tables in a folder that was taken for one of texts, after a semicolon; empty if it has none."""
    for file in sorted(folder.glob("*")):
        for place, suffix in enumerate(file.suffixes):
            if suffix in (".csv", ".tsv", ".jsonl"):
                pattern = quote(str(folder / f"*{''.join(file.suffixes[place:])}"))
                return f"; to read {file.name} and others like it, name them by a pattern, {pattern}"
    return ""


def describe_missing(path: str) -> str:
    """Why nothing is at a path, if it looks like something else, after a colon; empty if that is unknown."""
    if path.startswith("~"):
        return f": the shell expands ~ only at the start of a word, type $HOME{path[1:]}" if path[1:2] in "/" else ""
    return ""


def describe_json(path: Path) -> str:
    """What a .json file is: an array, or one JSON object per line."""
    with path.open("rb") as file:
        if file.readline().lstrip(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
            return describe_json_array(path)
    lines = quote(f"{path.stem}.jsonl")
    return f"this looks like one JSON object per line, type cp {quote(str(path))} {lines} and give {lines}"


def describe_json_array(path: Path | str) -> str:
    return f"this looks like a JSON array, type jq -c '.[]' {quote(str(path))} > lines.jsonl and give that file"


def describe_header(path: str, names: Sequence[str], separator: str, text_column: str) -> str | None:
    """What is wrong with the header of a delimited file that lacks a column; None if it looks like a header.

    Args:
        path: of the file.
        names: the fields of the header.
        separator: of this kind of file.
        text_column: the column with the texts.
    """
    if any("\0" in name for name in names):
        encoding = "UTF-16BE" if names[0].startswith("\0") else "UTF-16LE"
        file = f"utf8{Path(path).suffix}"
        return f"it looks like UTF-16, type iconv -f {encoding} -t UTF-8 {quote(path)} > {file} and give {file}"
    other = next((sign for sign in NAMES if sign != separator and sign in names[0]), None) if len(names) == 1 else None
    if other:
        read = f"sys.argv[1], sep={other!r}, dtype=str, keep_default_na=False, index_col=False"  # unconverted cells
        if names[0].startswith("sep="):  # a line of Excel's own, before the header
            read += ", skiprows=1"
        if Path(path).suffix.lower() in (".csv", ".tsv") and Path(path).is_file() and not _is_utf8(Path(path)):
            read += ", encoding='cp1252'"  # Excel's in Western languages
        code = f"import pandas, sys; pandas.read_csv({read}).to_csv('commas.csv', index=False)"
        typed = f'python -c "{code}" {quote(path)}'
        return f"its columns look separated by {NAMES[other]}, type {typed} and give commas.csv"
    longest = max(names, key=len, default="")
    if len(longest.split()) < SENTENCE:
        return None
    header = [f"column_{place}" for place in range(1, len(names) + 1)]
    header[names.index(longest)] = text_column
    if len(names) > 1:
        header[names.index(min(names, key=len))] = "label"
    line, file = separator.join(header), f"named{Path(path).suffix}"
    rows = "tail -c +4" if _begins_with_mark(Path(path)) else "cat"
    return (
        f"its first line looks like a row, type (echo '{line}'; {rows} {quote(path)}) > {file} and give {file}; "
        "if it is a header, name its column of texts with -P text_column="
    )


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as lines:
            return all(True for _ in lines)
    except UnicodeDecodeError:
        return False


def _begins_with_mark(path: Path) -> bool:
    """Whether a file on this machine begins with a byte order mark, which ``cat`` would put into the first text."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"
