"""``-e serve``'s model behind MLflow's scoring server, without a socket: one rule for what is no text."""

import asyncio
import json
import random
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel, scoring_server

from sentiment.model.families import get_family
from sentiment.model.pyfunc import SentimentModel
from sentiment.model.training import Training
from sentiment.search.packaging import FLAVOR_SIGNATURE, SIGNATURE
from sentiment.serving import champion
from tests.model.conftest import make_features
from tests.serving.malformed import malformed


@pytest.fixture(scope="module")
def post(tmp_path_factory):
    """Posts to the server: a function of the body and the content type that gives the status and the answer."""
    folder = tmp_path_factory.mktemp("served")
    features = make_features(folder, ["good", "bad"])
    family, training = get_family("simple"), Training()
    model = family.fit(features, family.search_space(training)[1], training, lambda *_: None)
    fitted = SentimentModel(features.cleaner, features.classes, model)
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"name": "any", "record": None, "reload_seconds": 0}))
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        version = SimpleNamespace(version="1", source="models:/m-1", creation_timestamp=1, tags={"family": "simple"})
        patch.setattr(champion, "require_champion", lambda name: version)
        patch.setattr(champion, "_load", lambda *_: as_pyfunc(fitted))
        patch.setattr(scoring_server, "invocations", scoring_server.invocations)  # which is put back at the end
        app = scoring_server.init(as_pyfunc(champion._load_pyfunc(str(settings))))
        yield lambda body, kind="application/json": runner.run(ask(app, body, kind))


def as_pyfunc(model, signature=SIGNATURE):
    described = Model(signature=signature)
    described.add_flavor("python_function", loader_module="any")
    return PyFuncModel(described, model)


async def ask(app, body, kind):
    sent = []
    headers = [] if kind is None else [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": headers, "query_string": b""}

    async def receive():
        return {"type": "http.request", "body": body if isinstance(body, bytes) else json.dumps(body).encode()}

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # a server writes it to its log, and has answered 500
        return 500, repr(error)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent).decode()


FORMS = {
    "inputs": lambda values: {"inputs": values},
    "inputs, a list for each": lambda values: {"inputs": [[value] for value in values]},
    "instances": lambda values: {"instances": values},
    "instances, an object for each": lambda values: {"instances": [{"text": value} for value in values]},
    "dataframe_split": lambda values: {"dataframe_split": {"columns": ["text"], "data": [[value] for value in values]}},
    "dataframe_records": lambda values: {"dataframe_records": [{"text": value} for value in values]},
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_text_is_refused_with_its_row_in_every_form(post, form):
    status, answer = post(FORMS[form](["good", "bad film"]))
    assert status == 200 and [row["label"] for row in json.loads(answer)["predictions"]] == ["pos", "neg"]
    numbers = [(1, "int: 1"), (0.5, "float: 0.5"), (True, "bool: True"), (float("inf"), "float: inf")]
    rest = [
        (None, "nothing"),
        (float("nan"), "nothing"),
        ("", "a blank one"),
        (" \t", "a blank one"),
        (["a", "b"], "list"),
    ]
    for value, what in [*numbers, *rest]:
        for values, row in (([value], 1), (["good", value], 2)):
            status, answer = post(FORMS[form](values))
            assert status == 400 and f"row {row}: expected text, got {what}" in json.loads(answer)["message"], values


@pytest.mark.parametrize("form", FORMS)
def test_half_of_a_surrogate_pair_is_read_as_a_replacement_character(post, form):
    for others in ([], ["good"]):
        answer = post(FORMS[form]([*others, "bad \ud800 film"]))
        assert answer == post(FORMS[form]([*others, "bad \ufffd film"])) and answer[0] == 200


@pytest.mark.parametrize(
    "body, expected",
    [
        ('text\n"good film, really"\nNA\n"bad\nfilm"\n', ["good film, really", "NA", "bad\nfilm"]),
        ("text\nNone\nnan\nnull\n007\n1e5\n", ["None", "nan", "null", "007", "1e5"]),
        ("\ufefftext,id\r\nbad film,7\r\n", ["bad film"]),
        ("text\n" + "good " * 100_000, ["good " * 100_000]),
        ("text\ngood film\n\n\n", ["good film"]),
    ],
    ids=["quoted", "no values", "a second column", "long", "empty lines at the end"],
)
def test_csv_is_answered_as_json_with_the_same_texts_is(post, body, expected):
    assert post(body.encode(), "text/csv") == post({"inputs": expected})


@pytest.mark.parametrize(
    "body, message",
    [
        ("text\ngood film, really\nbad film, indeed\n", "row 1: expected as many values as in the header, 1, got 2"),
        ("text\ngood film\n\nbad film\n", "row 2: expected text, got a blank one"),
        ('text\n"good film', "the CSV cannot be read: unexpected end of data"),
        ("", "the CSV has no header"),
    ],
)
def test_csv_that_would_lose_text_or_rows_is_refused_with_its_row(post, body, message):
    status, answer = post(body.encode(), "text/csv")
    assert status == 400 and message in json.loads(answer)["message"]


@pytest.mark.parametrize(
    "table",
    [
        {"dataframe_split": {"data": [["id7", "good film"]]}},
        {"dataframe_split": {"columns": ["0", "1"], "data": [["id7", "good film"]]}},
        {"dataframe_records": [{"0": "id7", "text": "good film"}]},
    ],
)
def test_of_several_columns_none_but_text_is_scored(post, table):
    status, answer = post(table)
    assert status == 400 and "expected one column named text" in json.loads(answer)["message"]
    further = {"dataframe_split": {"columns": ["text", "id"], "data": [["good film", "id7"]]}}
    assert post(further) == post({"inputs": ["good film"]})


def test_a_model_of_mlflows_own_flavor_refuses_probabilities_and_gives_no_texts_no_labels(post):
    def predict(texts):
        """As the flavor ``transformers`` does."""
        return pd.DataFrame([{"label": "pos", "score": 0.9} for _ in texts.iloc[:, 0]])[["label", "score"]]

    app = scoring_server.init(as_pyfunc(SimpleNamespace(predict=predict), FLAVOR_SIGNATURE))
    with asyncio.Runner() as runner:

        def post_to_it(body):
            return runner.run(ask(app, body, "application/json"))

        status, answer = post_to_it({"inputs": ["good"], "params": {"probabilities": True}})
        assert status == 400 and "returns only the score" in json.loads(answer)["message"]
        assert post_to_it({"inputs": ["good"], "params": {"probabilities": False}})[0] == 200
        assert post_to_it({"inputs": []}) == post({"inputs": []}) == (200, '{"predictions": []}')


def test_malformed_requests_get_no_5xx_and_leave_no_memory_behind(post, request):
    chance = random.Random(0)
    count = request.config.getoption("--requests")
    refused = 0
    for number in range(count):
        if number == count // 4:
            before = psutil.Process().memory_info().rss
        body, kind = malformed(chance)
        status, answer = post(body, kind)
        assert status < 500, (status, body[:200], kind, answer)
        refused += status >= 400
    assert refused > 0.8 * count
    assert psutil.Process().memory_info().rss < 1.05 * before
    assert post({"inputs": ["good"]})[0] == 200
