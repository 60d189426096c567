"""The parameters of every step: a model that lists groups, in the order of display, and adds its own.

A model's values are frozen.
"""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from sentiment.corpora.corpus import Corpus
from sentiment.workflow.parameter_groups import (
    ChoiceParameters,
    CleaningParameters,
    CorpusParameters,
    EncodingParameters,
    EngineParameters,
    FamiliesParameters,
    ForceParameters,
    GateParameters,
    ImageParameters,
    PortParameters,
    PromotionParameters,
    RegisteredModelParameters,
    ReuseParameters,
    SearchParameters,
    SeedParameters,
    SplitParameters,
    TrainingParameters,
)
from sentiment.workflow.parameter_types import (
    Boolean,
    ModelName,
    Names,
    NotNegative,
    PositiveNumber,
    Rate,
    Share,
    parameter,
)


class IngestParameters(CorpusParameters, SplitParameters, EngineParameters, ReuseParameters):
    @property
    def source(self) -> Corpus:
        """The corpus to read, with its own splits if they are kept."""
        return replace(super().source, split_column="split" if self.splits == "source" else "")


class FeaturizeParameters(CleaningParameters, EncodingParameters, EngineParameters, ReuseParameters):
    ingest_run: str = parameter("", "run to build on; by default the latest")


class TrainParameters(TrainingParameters, SeedParameters, ReuseParameters):
    """Hyperparameters of the family are further parameters, by their names."""

    model_config = ConfigDict(extra="allow")

    featurize_run: str = parameter("", "run to build on; by default the latest")
    family: str = parameter("simple", "family of models")

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The given hyperparameters, as text."""
        return self.model_extra or {}


class TuneParameters(SearchParameters, TrainingParameters, SeedParameters, EngineParameters, ReuseParameters):
    featurize_run: str = parameter("", "run to build on; by default the latest")
    family: str = parameter("simple", "family of models")
    resume_run: str = parameter("", "earlier tune run whose trials are reused")


class CompareParameters(ChoiceParameters, SeedParameters, ReuseParameters):
    tune_runs: Names = parameter((), "runs to compare, separated by commas; by default the latest of each family")
    registered_model: ModelName = parameter(
        "sentiment", "whose champion the review card shows beside the winner", changes_result=False
    )


class RegisterParameters(
    RegisteredModelParameters, GateParameters, PromotionParameters, ForceParameters, ReuseParameters
):
    compare_run: str = parameter("", "run to build on; by default the latest")


class MainParameters(
    CorpusParameters,
    SplitParameters,
    SeedParameters,
    CleaningParameters,
    EncodingParameters,
    FamiliesParameters,
    SearchParameters,
    TrainingParameters,
    EngineParameters,
    ChoiceParameters,
    RegisteredModelParameters,
    GateParameters,
    PromotionParameters,
    ForceParameters,
    ReuseParameters,
):
    parallelism: NotNegative = parameter(0, "concurrent trials of all families; 0: one per core", changes_result=False)
    reuse: Boolean = parameter(True, "whether finished steps with the same inputs are reused", changes_result=False)


class ReportParameters(RegisteredModelParameters, GateParameters, ForceParameters):
    compare_run: str = parameter("", "comparison to report; by default that of the latest main run, or a later one")
    version: str = parameter("", "version or alias whose comparison is reported, in place of compare_run")
    output: str = parameter("", "Markdown file to write; without one it is printed")
    fail_on_gate: Boolean = parameter(False, "whether the command fails if the winner fails the gate")


class ApproveParameters(RegisteredModelParameters, ForceParameters):
    version: str = parameter("", "version to promote")
    reviewer: str = parameter("", "who reviewed it")
    note: str = parameter("", "what the reviewer found")


class RollbackParameters(RegisteredModelParameters):
    reason: str = parameter("rolled back by hand", "why, for the audit trail")


class PredictParameters(EngineParameters):
    input: str = parameter("", "what to score: a file, a database with query, or another table")
    query: str = parameter("", "SELECT that returns the rows, if the input is a database")
    output: str = parameter("", "file to write, or table to append to: the input's columns, label, score and reason")
    model: str = parameter("models:/sentiment@champion", "URI of the model")
    text_column: str = parameter("text", "column of the input that holds the texts")
    label_column: str = parameter("label", "column of the input that holds the labels, if it has any")
    probabilities: Boolean = parameter(False, "whether to add the probability of each class")
    overwrite: Boolean = parameter(False, "whether an existing output is replaced")

    @property
    def source(self) -> Corpus:
        """The input to score."""
        return Corpus(
            self.input,
            self.text_column,
            self.label_column,
            slice_column="",
            query=self.query,
            parameter="input",
            all_columns=True,
            label_required=self.has_other("label_column"),
        )


class ServeParameters(RegisteredModelParameters, PortParameters):
    host: str = parameter("127.0.0.1", "address to listen on")
    reload_seconds: NotNegative = parameter(10, "how often to look for a new champion; 0 for never")
    record: Boolean = parameter(False, "whether requests are recorded as MLflow traces, for monitor")
    record_text: Boolean = parameter(True, "false keeps only the SHA-256 and the length of a text")


class PackageParameters(RegisteredModelParameters, ImageParameters):
    version: str = parameter("", "version to package; by default the champion")
    folder: str = parameter("", "folder to write; by default package-MODEL-VERSION")


class DeployParameters(RegisteredModelParameters, ImageParameters, PortParameters):
    target: Literal["local", "sagemaker", "azureml", "kubernetes"] = parameter(
        "local", "where to: a process of this machine, SageMaker, Azure ML, or the cluster and namespace of kubectl"
    )
    action: Literal["create", "update", "delete", "test"] = parameter("create", "what to do with the endpoint")
    endpoint: str = parameter("", "name of the endpoint; by default the model's")
    version: str = parameter("", "version to deploy; by default the champion")
    any_version: Boolean = parameter(False, "whether a version that is not champion may be deployed")
    traffic: Annotated[float, Field(gt=0, le=1)] = parameter(1.0, "share of requests that an update gives the version")
    settings: str = parameter("", "YAML file with what SageMaker or Azure ML needs", file=True)
    manifests: str = parameter(
        "", "folder with a kustomization for kubernetes; by default kubernetes/overlays/prod of the version's package"
    )


class MonitorParameters(RegisteredModelParameters):
    batch: str = parameter("", "texts to monitor, labelled or not; if empty, the recorded requests")
    query: str = parameter("", "SELECT that returns the rows, if the batch is in a database")
    text_column: str = parameter("text", "column of the batch that holds the texts")
    label_column: str = parameter("label", "column of the batch that holds the labels, if it has any")
    hours: PositiveNumber = parameter(24.0, "maximum age of the recorded requests, in hours")
    psi: PositiveNumber = parameter(0.2, "population stability index at which a quantity has drifted")
    p_value: Share = parameter(0.01, "p-value below which a quantity has drifted or accuracy has fallen")
    accuracy_drop: Rate = parameter(0.05, "loss in accuracy that counts as a fall")
    error_rate: Rate = parameter(0.05, "share of requests that may fail")
    fail_on_alert: Boolean = parameter(False, "whether an alert ends with exit code 3")
    retrain: Boolean = parameter(False, "whether an alert runs main on the corpus with the batch added")

    @property
    def source(self) -> Corpus:
        """The batch."""
        return Corpus(
            self.batch,
            self.text_column,
            self.label_column,
            slice_column="",
            query=self.query,
            parameter="batch",
            label_required=self.has_other("label_column"),
        )
