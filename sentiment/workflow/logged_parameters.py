"""The parameters of a run as it logged them: one writer and one parser, whoever started the run."""

import shlex
from typing import Any

import mlflow
from mlflow.entities import Run

from sentiment.workflow.command_line import current_name, format_value, validate
from sentiment.workflow.parameter_types import Parameters


def log_parameters(parameters: Parameters, run: Run | None = None) -> None:
    """Log the parameters of a step in the active run, in the form in which ``mlflow run`` logs them.

    Those that are empty are left out; ``mlflow run`` logs a declared parameter that was not given as ``''``.

    Args:
        parameters: the parameters of the step.
        run: the active run as it was before, with parameters that are logged already: by ``mlflow run``, or by a user.
    """
    logged = {current_name(name, type(parameters)) for name in run.data.params} if run else set()
    texts = {name: format_value(value) for name, value in parameters.model_dump().items()}
    # MLflow quotes what it writes into the command line, and logs that.
    mlflow.log_params({name: shlex.quote(text) for name, text in texts.items() if text and name not in logged})


def given_parameters(run: Run, model: type[Parameters]) -> dict[str, str]:
    """The parameters of a run that a model knows, as text, as they would be typed after ``-P name=``."""
    logged = {current_name(name, model): value for name, value in run.data.params.items()}
    return {name: unquote(value) for name, value in logged.items() if name in model.model_fields}


def parameters_of(run: Run, model: type[Parameters]) -> Any:
    """The parameter model of a run; a parameter that it did not log has its default."""
    return validate(model, given_parameters(run, model))


def unquote(value: str) -> str:
    """What MLflow has quoted; the value as it is where a quote is left open.

    MLflow cuts a long value, such as a query, with its last quote, and a user may have logged a value without any.
    """
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
