"""Requests that nobody should send."""

import json


def malformed(chance):
    """The body of a request, drawn by a ``random.Random``, and its content type; None for no content type."""

    def value(depth=0):
        kind = chance.randrange(10)
        if kind < 6 or depth > 3:
            values = [None, True, 0, -1, 10**30, 10**400, 1e308, float("nan"), float("inf"), "", " \t", "text", "\x00"]
            return chance.choice([*values, "\ud83d\ude00", "\ud83d", "NaN", 0.5, [], {}])
        if kind < 8:
            return [value(depth + 1) for _ in range(chance.randrange(4))]
        names = ("text", "inputs", "columns", "data", "index", "0", "params", "messages", "")
        return {chance.choice(names): value(depth + 1) for _ in range(chance.randrange(4))}

    names = ("inputs", "instances", "dataframe_split", "dataframe_records", "params", "columns", "x", "input", "prompt")
    good = json.dumps({"inputs": ["fine"]}).encode()
    place = chance.randrange(len(good))
    digits = b"1" * chance.choice([30, 400, 5_000])
    body = chance.choice(
        [
            lambda: chance.randbytes(chance.randrange(60)),
            lambda: json.dumps(value()).encode(),
            lambda: json.dumps({chance.choice(names): value()}).encode(),
            lambda: json.dumps({chance.choice(names): value(), chance.choice(names): value()}).encode(),
            lambda: good[:place] + chance.randbytes(1) + good[place + chance.randrange(3) :],
            lambda: json.dumps({"dataframe_split": {"columns": value(), "data": value(), "index": value()}}).encode(),
            lambda: json.dumps({"dataframe_split": {"columns": ["text"], "data": [[value()], [value()]]}}).encode(),
            lambda: json.dumps({"dataframe_records": [{"text": value()} for _ in range(3)]}).encode(),
            lambda: json.dumps({chance.choice(["inputs", "instances"]): [value() for _ in range(3)]}).encode(),
            lambda: json.dumps({"inputs": ["fine"], "params": value()}).encode(),
            lambda: b'{"inputs": [' + digits + b"]}",
            lambda: b'{"dataframe_split": {"columns": [' + digits + b'], "data": [["a"]]}}',
            lambda: b'{"dataframe_records": [{"text": ' + digits + b"}]}",
            lambda: chance.choice(
                [b"text\nfine\n", b"text\nNA\n", b'text\n"', b"a,b\n1,2,3\n", b"\xff\xfe", b"text\n\xff"]
            ),
            lambda: chance.choice(
                [b"[" * 100_000, b'{"inputs":' * 5_000, b'{"inputs": NaN}', b'{"inputs": ["\\ud800"]}']
            ),
        ]
    )()
    kinds = ["application/json"] * 12 + [
        "text/csv",
        "text/csv",
        "application/vnd.apache.parquet",
        "text/plain",
        "",
        None,
    ]
    return body, chance.choice([*kinds, "application/json; charset=latin-1", "application/json; charset", ";", "*/*"])
