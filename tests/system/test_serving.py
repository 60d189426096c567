"""A registered model behind a real ``mlflow models serve``, and requests that nobody expected."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.system.processes import forking_environment, free_port, wait_until


@pytest.fixture(scope="module")
def invocations(chain, tmp_path_factory):
    """Asks a server of the champion: a function of the body that gives the status and the answer, a str."""
    folder, _ = chain
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    port = free_port()
    command = ["mlflow", "models", "serve", "-m", "models:/sentiment@champion", "--env-manager", "local"]
    ours = forking_environment(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db")
    with open(elsewhere / "serve.log", "wb") as log:
        server = subprocess.Popen([*command, "-p", str(port)], cwd=elsewhere, env=ours, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: urllib.request.urlopen(f"{url}/ping", timeout=5).close(), server)

    def ask(body, content_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(f"{url}/invocations", data, {"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode("utf-8")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8")

    yield ask
    server.terminate()
    server.wait()


def test_champion_answers_raw_text_over_http(invocations):
    texts = ["A gem. I laughed all the way home.", "Two hours I will never get back."]
    status, answer = invocations({"inputs": texts})
    rows = json.loads(answer)["predictions"]
    assert status == 200 and [set(row) for row in rows] == [{"label", "score"}] * 2
    body = {"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}}
    assert invocations(body) == (200, answer)
    status, answer = invocations({"dataframe_split": {"columns": ["id"], "data": [["7"]]}})
    assert status == 400 and "text" in answer


TEXTS = {
    "a megabyte": "a good film " * 87_382,
    "one long word": "a" * 1_000_000,
    "emoji": "😀👍🏽 great 🇫🇷",
    "right to left": "فيلم رائع جدا \u202eabc",
    "null bytes": "good\x00film\x00",
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("form", ["inputs", "dataframe_split"])
def test_any_text_gets_an_answer(invocations, kind, form):
    text = TEXTS[kind]
    body = {"inputs": [text, "fine"]} if form == "inputs" else {form: {"columns": ["text"], "data": [[text], ["fine"]]}}
    status, answer = invocations(body)
    assert status == 200, answer
    rows = json.loads(answer)["predictions"]
    assert len(rows) == 2 and all(row["label"] in ("negative", "positive") and 0.5 <= row["score"] <= 1 for row in rows)


@pytest.mark.parametrize(
    "body, says",
    [
        ({"dataframe_split": {"columns": ["review"], "data": [["a"]]}}, "one column named text"),
        ({"dataframe_split": {"columns": ["text"], "data": [[3]]}}, "expected text, got int: 3"),
        ({"dataframe_split": {"columns": ["text"], "data": [["a"], [None]]}}, "row 2: expected text, got nothing"),
        ({"dataframe_records": [{"text": "a"}, {"text": True}]}, "row 2: expected text, got bool: True"),
        ({"inputs": ["a", "", "b"]}, "row 2: expected text, got a blank one"),
        ({"instances": [" \n\t "]}, "row 1: expected text, got a blank one"),
        ({"inputs": ["a lone surrogate \ud83d"]}, "surrogates not allowed"),
        ({"inputs": {"text": {"a": 1}}}, ""),
        ({"dataframe_records": [{"text": "a"}, {"other": "b"}]}, ""),
        ({"texts": ["a"]}, "dataframe_split"),
        ([], ""),
        (b"{not json", "JSON"),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_what_is_no_request_is_refused_with_the_reason_and_the_server_lives_on(invocations, body, says):
    status, answer = invocations(body)
    assert 400 <= status < 500, answer
    assert says in json.loads(answer)["message"]
    assert invocations({"inputs": ["fine"]})[0] == 200


@pytest.mark.parametrize("inputs", [[1, 2.5], [None], [["a", "b"]], [True]])
def test_what_mlflow_takes_for_text_before_the_model_sees_it_is_answered(invocations, inputs):
    status, answer = invocations({"inputs": inputs})
    assert status == 200 and len(json.loads(answer)["predictions"]) == len(inputs)


def test_another_content_type_is_refused(invocations):
    status, _ = invocations(b"<text/>", "text/xml")
    assert status == 415


def test_no_texts_get_no_labels(invocations):
    status, answer = invocations({"dataframe_split": {"columns": ["text"], "data": []}})
    assert status == 200 and json.loads(answer) == {"predictions": []}
