"""Restore the previous champion, and record who did it and why."""

import mlflow
from mlflow.exceptions import MlflowException

from sentiment.errors import UserError
from sentiment.markdown import escape_prose
from sentiment.registry import promotions
from sentiment.registry.trail import drop_void
from sentiment.results import model_files
from sentiment.tracking import MAX_TAG, MODEL_VERSION, NOTE, REGISTERED_MODEL, raise_if_unanswered
from sentiment.workflow.parameters import RollbackParameters


def rollback(parameters: RollbackParameters) -> None:
    name = parameters.registered_model
    try:
        champion, previous = promotions.find_previous(name)
    except MlflowException as error:
        raise_if_unanswered(error)
        raise UserError(f"registered_model={name}: there is no such model at {mlflow.get_tracking_uri()}") from error
    promotions.check_permission(name)
    if previous is None:
        now = f"version {champion} is champion" if champion else "it has no champion"
        raise UserError(f"{name} has no earlier champion that still exists; {now}")
    try:
        model_files(f"models:/{name}/{previous}")
    except UserError as error:
        raise UserError(
            f"{error}: repair it; if it is lost for good, delete version {previous} to go back to the one before it"
        ) from error
    # The promotion comes last: a rollback that fails after it would be made once more by the same command.
    place = f" in place of version {champion}" if champion else ""
    note = f"`{name}` goes back to version {previous} as **champion**{place}: {escape_prose(parameters.reason)}"
    mlflow.set_tags({REGISTERED_MODEL: name, MODEL_VERSION: previous, NOTE: note[:MAX_TAG]})
    if not promotions.promote(name, previous, champion, parameters.reason, rollback=True):
        raise UserError(f"{name} version {champion} is no longer champion: see what has replaced it, then try again")
    trail = drop_void(promotions.read(name))
    history = "\n".join(
        f"{entry.when[:19]} UTC  version {entry.version:>3}  {'restored' if entry.rollback else 'promoted'} "
        f"by {entry.who}: {entry.why}"
        for entry in trail
    )
    # Without a champion either its version or only its alias was deleted.
    former = champion or ("none" if trail[-2].version == previous else "one that was deleted")
    print(f"{history}\n\nrollback: {name} version {previous} is champion again, in place of {former}", flush=True)
