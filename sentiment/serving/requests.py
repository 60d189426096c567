"""Checks of requests that MLflow's scoring server accepts or fails on instead of status 400."""

import csv
import io
import re
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel, scoring_server

MAX_FIELD = 2**31 - 1  # characters of a text in a CSV request; Python's csv stops at 131,072
_SURROGATE = re.compile("[\ud800-\udfff]")  # as in tweets.py, which an image of a model does not have


def check_requests() -> None:
    """Have the scoring server of this process give the model the values of a request as they are.

    MLflow converts what stands under ``inputs`` and ``instances`` to the type of the signature, so that null becomes
    the text *None*. Its CSV is that of pandas, which leaves out blank rows, reads *NA* as no value, and takes what is
    before an unquoted comma for the index. It answers 500 where there is no content type, and where it cannot read the
    JSON for other reasons than its syntax.
    """
    answer = scoring_server.invocations
    csv.field_size_limit(MAX_FIELD)

    def read_and_answer(data: Any, content_type: str | None, model: Any, schema: Any) -> Any:
        kind, *parameters = (content_type or "").split(";")
        try:
            if kind.strip() == scoring_server.CONTENT_TYPE_JSON:
                data = _read(data)
            elif kind.strip() == scoring_server.CONTENT_TYPE_CSV:
                data, kind = _read_csv(data), scoring_server.CONTENT_TYPE_JSON
            return answer(data, ";".join([kind, *parameters]), _CheckedModel(model), schema)
        except (ValueError, TypeError, OverflowError) as error:  # where MLflow builds the DataFrame
            raise MlflowException.invalid_parameter_value(f"the request cannot be read: {error}") from error

    scoring_server.invocations = read_and_answer


class _CheckedModel:
    """Wraps a model and rejects input that MLflow would silently drop."""

    def __init__(self, model: PyFuncModel) -> None:
        self.metadata = model.metadata
        self._model = model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """The model's answer.

        Raises:
            MlflowException: the first of several columns is not ``text``, and would be all that the model gets;
                probabilities are asked for, and the model gives none (status 400).
        """
        if isinstance(data, pd.DataFrame) and len(data.columns) > 1 and data.columns[0] != "text":
            found = ", ".join(f"{column!r:.100}" for column in data.columns[:2])
            raise MlflowException.invalid_parameter_value(
                f"expected one column named text, or a list of texts; got several: {found} …"
            )
        if not self.metadata.get_params_schema():  # a flavor of MLflow's, which the family pipeline has
            if isinstance(params, dict) and params.get("probabilities"):
                raise MlflowException.invalid_parameter_value(
                    "this model returns only the score of the predicted label: leave out the parameter probabilities"
                )
            if isinstance(data, pd.DataFrame) and data.empty:
                return data  # it fails on no texts
        return self._model.predict(data, params=params)


def _read(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, with ``inputs`` or ``instances`` as rows of a DataFrame."""
    try:
        request = _replace_surrogates(scoring_server._decode_json_input(body))
    except RecursionError as error:
        raise MlflowException.invalid_parameter_value("the JSON is nested too deeply") from error
    except ValueError as error:  # a number with more digits than Python reads
        raise MlflowException.invalid_parameter_value(f"the JSON cannot be read: {error}") from error
    forms = scoring_server.SUPPORTED_FORMATS & request.keys()
    for form in ("inputs", "instances"):
        if forms == {form} and not isinstance(request[form], dict):
            given = request[form]
            rows = given if isinstance(given, list) else [given]
            if len(rows) == 1 and isinstance(rows[0], str):
                continue  # the usual request; MLflow's own way is faster, but makes all rows as wide as the longest
            del request[form]
            request["dataframe_split"] = {"columns": ["text"], "data": [[_value(row)] for row in rows]}
    return request


def _replace_surrogates(value: Any) -> Any:
    """A value of JSON with a replacement character for each lone surrogate, which no DataFrame can hold."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return {name: _replace_surrogates(item) for name, item in value.items()} if isinstance(value, dict) else value


def _value(row: Any) -> Any:
    """The text of a row, which may also be a list of one text, or an object with the key ``text``."""
    if isinstance(row, list) and len(row) == 1:
        return row[0]
    return row["text"] if isinstance(row, dict) and row.keys() == {"text"} else row


def _read_csv(body: bytes) -> dict[str, Any]:
    """A CSV request as the JSON object that says the same; an empty line is a blank text.

    Raises:
        MlflowException: there is no header, a row has not as many values as it, or a quote is not closed (status 400).
    """
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise MlflowException.invalid_parameter_value(f"the CSV cannot be read: {error}") from error
    while rows and not rows[-1]:  # empty lines at the end, as editors leave them
        rows.pop()
    columns = rows[0] if rows else []
    if not columns:
        raise MlflowException.invalid_parameter_value("the CSV has no header: its first line should be: text")
    data = [row or [""] * len(columns) for row in rows[1:]]
    for place, row in enumerate(data):
        if len(row) != len(columns):
            raise MlflowException.invalid_parameter_value(
                f"row {place + 1}: expected as many values as in the header, {len(columns)}, got {len(row)}: put a "
                "text with a comma in double quotes"
            )
    return {"dataframe_split": {"columns": columns, "data": data}}
