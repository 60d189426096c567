"""Search the hyperparameters of one family, a child run for each trial, and keep the best model."""

import json
from dataclasses import dataclass

import mlflow

from steps import models
from steps.evaluation.metrics import scores
from steps.features.store import Features
from steps.models.packaging import log_model
from steps.search.hyperopt_search import search
from steps.search.progress import TrialProgress
from steps.search.space import label
from steps.search.trials import TrialRecorder, TrialRun, describe
from steps.workflow.errors import UserError
from steps.workflow.fingerprint import OUTPUT_DIGEST, text_digest
from steps.workflow.step import run_step
from steps.workflow.upstream import artifacts, upstream_run


@dataclass
class Best:
    """The trial with the highest validation accuracy; of equal ones, that with the lowest log loss."""

    trial: TrialRun
    point: dict
    model: object
    figures: dict

    @property
    def rank(self):
        return self.figures["accuracy"], -self.figures["log_loss"]


def tune(parameters):
    family = models.family(parameters.family)
    featurize_run = upstream_run("featurize_run", parameters.featurize_run, "featurize")
    features = Features(artifacts(featurize_run.info.run_id, "features"))
    mlflow.set_tags({"family": parameters.family, "featurize_run": featurize_run.info.run_id})

    fit = models.trainer(parameters.family)
    recorder = TrialRecorder(parameters.family, mlflow.get_run(mlflow.active_run().info.run_id))
    best, errors = None, []

    def objective(point):
        nonlocal best
        trial = recorder.start(point)

        def on_epoch(epoch, figures):
            trial.epoch(epoch, figures)
            progress.epoch(recorder.count, epoch, figures["val_accuracy"])

        try:
            model = fit(features, point, parameters.seed, parameters.epochs, parameters.batch_size, on_epoch)
            figures = scores(features.labels("validation"), model.predict_split(features, "validation"))
        except Exception as error:  # whatever goes wrong at a point costs that trial alone; its run says what it was
            trial.fail(error)
            errors.append(error)
            progress.trial(f"{trial.name.split()[0]} failed", describe(error))
            return None
        trial.result(figures)
        trial.finish()
        candidate = Best(trial, point, model, figures)
        if best is None or candidate.rank > best.rank:
            best = candidate
        progress.trial(f"best {best.figures['accuracy']:.4f} by {best.trial.name.split()[0]}", label(best.point))
        return 1 - figures["accuracy"]

    with TrialProgress(parameters.family, parameters.max_evals) as progress:
        search(family.SPACE, family.DEFAULTS, objective, parameters.max_evals, parameters.algo, parameters.seed)
    if best is None:
        raise UserError(
            f"all {parameters.max_evals} trials of {parameters.family} failed, the first with {describe(errors[0])} "
            f"(traceback.txt in its run)"
        )

    mlflow.log_params({f"best_{name}": value for name, value in best.point.items()})
    mlflow.log_metrics({f"validation_{name}": value for name, value in best.figures.items()})
    mlflow.log_metrics({"train_seconds": best.trial.seconds, "failed_trials": len(errors)})
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: content_of(best, features, featurize_run.data.tags["dataset.digest"]),
            "best_trial": best.trial.run_id,
            "model_uri": log_model(parameters.family, features, best.model),
            "mlflow.note.content": f"Best of {parameters.max_evals} trials: `{label(best.point)}`, "
            f"validation accuracy {best.figures['accuracy']:.4f}.",
        }
    )


def content_of(best, features, dataset):
    """Digest of the best model by what it does: its point, its probabilities on the validation split, and its dataset.

    The dataset counts as a whole: its test split, which the model has not seen, is what compare reads next.

    Not of its files, which hold times and identifiers that differ between two fits of the same model.
    """
    probabilities = best.model.predict_split(features, "validation")
    return text_digest(json.dumps([dataset, best.point, features.classes, probabilities.tolist()]))


if __name__ == "__main__":
    run_step("tune", tune)
