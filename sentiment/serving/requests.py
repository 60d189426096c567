"""What MLflow's scoring server should refuse with status 400, and takes for text or fails on instead."""

from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server


def check_requests() -> None:
    """Have the scoring server of this process give the model the values of a request as they are.

    MLflow converts what stands under ``inputs`` and ``instances`` to the type of the signature, so that null becomes
    the text *None*. It answers 500 where there is no content type, and where it cannot read the JSON for other reasons
    than its syntax.
    """
    answer = scoring_server.invocations

    def read_and_answer(data: Any, content_type: str | None, model: Any, schema: Any) -> Any:
        content_type = content_type or ""
        if content_type.split(";")[0].strip() == scoring_server.CONTENT_TYPE_JSON:
            data = _read(data)
        try:
            return answer(data, content_type, model, schema)
        except (ValueError, TypeError, OverflowError) as error:  # where MLflow builds the DataFrame
            raise MlflowException.invalid_parameter_value(f"the request cannot be read: {error}") from error

    scoring_server.invocations = read_and_answer


def _read(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, with ``inputs`` or ``instances`` as rows of a DataFrame."""
    try:
        request = scoring_server._decode_json_input(body)
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


def _value(row: Any) -> Any:
    """The text of a row, which may also be a list of one text, or an object with the key ``text``."""
    if isinstance(row, list) and len(row) == 1:
        return row[0]
    return row["text"] if isinstance(row, dict) and row.keys() == {"text"} else row
