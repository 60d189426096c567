"""Search the hyperparameters of one family, a child run for each trial, and keep the best model."""

from dataclasses import dataclass

import mlflow

from steps import models
from steps.evaluation.metrics import scores
from steps.features.store import Features
from steps.models.packaging import log_model, model_digest
from steps.search.hyperopt_search import search
from steps.search.progress import TrialProgress
from steps.search.space import label
from steps.search.trials import TrialRecorder, TrialRun, describe, finished_trials, point_key
from steps.workflow.errors import UserError
from steps.workflow.fingerprint import FINGERPRINT, OUTPUT_DIGEST
from steps.workflow.reuse import with_fingerprint
from steps.workflow.upstream import artifacts


@dataclass
class Best:
    """The trial with the highest validation accuracy; of equal ones, that with the lowest log loss."""

    trial: TrialRun
    point: dict
    figures: dict
    model: object  # None where the trial was fitted before this process began

    @property
    def rank(self):
        return self.figures["accuracy"], -self.figures["log_loss"]


def tune(parameters):
    family = models.family(parameters.family)
    featurize_run = parameters.featurize_run
    features = Features(artifacts(featurize_run.info.run_id, "features"))
    mlflow.set_tags({"family": parameters.family, "featurize_run": featurize_run.info.run_id})

    this_run = mlflow.get_run(mlflow.active_run().info.run_id)
    recorder = TrialRecorder(parameters.family, this_run)
    earlier = finished_trials(with_fingerprint("tune", this_run.data.tags.get(FINGERPRINT))) if parameters.reuse else {}
    trainer = models.trainer(parameters.family)
    best, errors = None, []

    def fit(point, on_epoch):
        model = trainer(features, point, parameters.seed, parameters.epochs, parameters.batch_size, on_epoch)
        return model, scores(features.labels("validation"), model.predict_split(features, "validation"))

    def objective(point):
        nonlocal best
        parameters.hold()
        trial = recorder.start(point)

        def on_epoch(epoch, figures):
            trial.epoch(epoch, figures)
            progress.epoch(recorder.count, epoch, figures["val_accuracy"])

        known = earlier.get(point_key(point))
        try:
            if known:
                model, figures = None, trial.repeat(known)
            else:
                model, figures = fit(point, on_epoch)
                trial.result(figures)
        except Exception as error:  # whatever goes wrong at a point costs that trial alone; its run says what it was
            trial.fail(error)
            errors.append(error)
            progress.trial(f"{trial.name.split()[0]} failed", describe(error))
            return None
        trial.finish()
        candidate = Best(trial, point, figures, model)
        if best is None or candidate.rank > best.rank:
            best = candidate
        progress.trial(f"best {best.figures['accuracy']:.4f} by {best.trial.name.split()[0]}", label(best.point))
        return 1 - figures["accuracy"]

    with TrialProgress(parameters.family, parameters.max_evals) as progress:
        if earlier:
            print(f"tune {parameters.family}: going on from {len(earlier)} finished trials", flush=True)
        search(family.SPACE, family.DEFAULTS, objective, parameters.max_evals, parameters.algo, parameters.seed)
    if best is None:
        raise UserError(
            f"all {parameters.max_evals} trials of {parameters.family} failed, the first with {describe(errors[0])} "
            f"(traceback.txt in its run)"
        )
    if best.model is None:  # its figures were kept, the model was lost with the process that fitted it
        print(f"tune {parameters.family}: fitting {best.trial.name} once more, to have its model", flush=True)
        best.model, best.figures = fit(best.point, lambda epoch, figures: None)

    mlflow.log_params({f"best_{name}": value for name, value in best.point.items()})
    mlflow.log_metrics({f"validation_{name}": value for name, value in best.figures.items()})
    mlflow.log_metrics({"train_seconds": best.trial.seconds, "failed_trials": len(errors)})
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: model_digest(best.model, best.point, features, featurize_run.data.tags["dataset.digest"]),
            "best_trial": best.trial.run_id,
            "model_uri": log_model(parameters.family, features, best.model),
            "mlflow.note.content": f"Best of {parameters.max_evals} trials: `{label(best.point)}`, "
            f"validation accuracy {best.figures['accuracy']:.4f}.",
        }
    )
