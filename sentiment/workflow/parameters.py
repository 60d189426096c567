"""The parameters of every step, each declared once: name, type, range, default and description.

``MLproject``, ``python -m steps STEP --help``, docs/reference/parameters.md and the checks of values follow from these
models. A group holds parameters that belong together; a step's model lists its groups, in the order in which they are
shown. A model's values are frozen.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict
from pydantic.fields import FieldInfo

from sentiment.corpora.corpus import Corpus
from sentiment.evaluation.metrics import METRICS
from sentiment.registry.checks import thresholds

if TYPE_CHECKING:
    from sentiment.labelling.weak_labels import Thresholds as PolarityThresholds
    from sentiment.model.training import Training


def parameter(default: Any, description: str, *, file: bool = False, changes_result: bool = True) -> Any:
    """Declare a parameter.

    Args:
        default: its default.
        description: one line, for MLproject, ``--help`` and the reference.
        file: whether the value may be a path, so that its content counts and not its name.
        changes_result: whether the result of the step depends on it; one that does not is left out of the fingerprint.
    """
    return Field(default, description=description, json_schema_extra={"file": file, "changes_result": changes_result})


def _parse_whole(value: object) -> object:
    """A whole number may be written as 5.0 or 1e3; what is none is left to pydantic to refuse."""
    try:
        return int(float(value)) if isinstance(value, str) and float(value).is_integer() else value
    except ValueError:
        return value


def _parse_boolean(value: object) -> object:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _split_names(value: object) -> object:
    """Comma-separated names, blanks around them dropped."""
    if not isinstance(value, str):
        return value
    names = [name.strip() for name in value.split(",") if name.strip()]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is listed twice; name each once")
    return tuple(names)


def _check_model_name(value: str) -> str:
    if not value.strip() or set(value) & set("/:'"):
        raise ValueError("expected a name without /, : and '")
    return value


def _parse_thresholds(value: object) -> object:
    return tuple(thresholds.parse("gates", value)) if isinstance(value, str) else value


def _format_thresholds(value: tuple[Any, ...]) -> str:
    return ",".join(map(str, value))


Whole = Annotated[int, BeforeValidator(_parse_whole)]
NotNegative = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(ge=1)]
Seed = Annotated[Whole, Field(ge=0, le=2**31 - 1)]
Share = Annotated[float, Field(gt=0, lt=1)]  # neither nothing nor all
Rate = Annotated[float, Field(ge=0, le=1)]
Polarity = Annotated[float, Field(ge=-1, le=1)]
PositiveNumber = Annotated[float, Field(gt=0)]
Boolean = Annotated[bool, Strict(), BeforeValidator(_parse_boolean)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]
ModelName = Annotated[str, AfterValidator(_check_model_name)]
Thresholds = Annotated[tuple[Any, ...], BeforeValidator(_parse_thresholds), PlainSerializer(_format_thresholds)]
Engine = Literal["local", "spark"]


class Parameters(BaseModel):
    """Base of all models."""

    # A model is built when it is used first: a process uses one or two of them.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    @classmethod
    def fields(cls) -> dict[str, FieldInfo]:
        """The model's fields, its own ones first, then those of its groups in the order in which it lists them."""
        inherited = [name for group in cls.__bases__ if issubclass(group, Parameters) for name in group.fields()]
        own = [name for name in cls.model_fields if name not in inherited]
        return {name: cls.model_fields[name] for name in (*own, *inherited)}


# Groups.


class CorpusParameters(Parameters):
    corpus: str = parameter("sample", "sample, an NLTK corpus, a file, a folder, a database, or another place of texts")
    query: str = parameter("", "select that gives the rows, where the corpus is a database")
    text_column: str = parameter("text", "column of a file that holds the texts")
    label_column: str = parameter("label", "column of a file that holds the class names")
    normalize_labels: Boolean = parameter(
        False, "whether labels that differ in case or white space alone are one class"
    )
    corrections: str = parameter("", "file of texts with corrected labels; an empty one drops the text", file=True)

    label_by: Names = parameter(
        (), "what labels texts without a label: vader, opinion_lexicon, models:/NAME@ALIAS, hf://OWNER/NAME"
    )
    positive_from: Polarity = parameter(0.05, "polarity from which a labeler calls a text positive")
    negative_to: Polarity = parameter(-0.05, "polarity up to which a labeler calls a text negative")
    between: Literal["auto", "neutral", "dropped"] = parameter(
        "auto", "what is between them: neutral, dropped, or neutral where people have labelled some so"
    )

    @property
    def source(self) -> Corpus:
        """What is read. With labelers it need not have a column of labels, except for one that was named."""
        named = self.label_column != CorpusParameters.model_fields["label_column"].default
        required = named or not self.label_by
        return Corpus(self.corpus, self.text_column, self.label_column, query=self.query, label_required=required)

    def polarity_thresholds(self) -> "PolarityThresholds":
        """What a labeler's polarity means."""
        from sentiment.labelling.weak_labels import Thresholds  # needs numpy, which main does without

        return Thresholds(self.negative_to, self.positive_from, self.between)


class SplitParameters(Parameters):
    test_size: Share = parameter(0.2, "share of all documents in the test split, approximately")
    validation_size: Share = parameter(0.2, "share of the remaining documents in the validation split, approximately")
    stratify: Boolean = parameter(True, "whether every split gets a text of every class, also of a rare one")
    splits: Literal["hash", "source"] = parameter("hash", "source keeps the splits that the corpus has itself")
    split_seed: Seed = parameter(42, "seed of the splits; seed does not change them")


class SeedParameters(Parameters):
    seed: Seed = parameter(42, "seed of everything that is random, except for the splits")


class CleaningParameters(Parameters):
    cleaning: Literal["standard", "tweets"] = parameter(
        "standard", "tweets makes one token of each user and link, and reads the words of hashtags"
    )
    lowercase: Boolean = parameter(True, "whether texts are converted to lower case")
    strip_punctuation: Boolean = parameter(False, "whether punctuation is dropped (emoji stay)")
    stop_words: Literal["none", "english"] = parameter("none", "drop no words, or scikit-learn's English stop words")
    stemming: Literal["none", "porter"] = parameter("none", "no stemming, or NLTK's Porter stemmer")


class PretrainedParameters(Parameters):
    pretrained: str = parameter(
        "", "checkpoint of encoder, finetuned, pipeline and tokens: a folder, a preset or hf://owner/name", file=True
    )


class EncodingParameters(PretrainedParameters):
    tokens: Literal["word", "subword", "checkpoint"] = parameter(
        "word", "what networks read: words, subwords learned from them, or those of the tokenizer of pretrained"
    )
    vocabulary_size: Annotated[Whole, Field(ge=3)] = parameter(10000, "token ids of the networks' vocabulary")
    max_length: NotNegative = parameter(
        0, "tokens that a network reads of a text; 0 follows the training texts, up to 400"
    )
    truncation: Literal["last", "first", "head_tail", "chunks"] = parameter(
        "last", "which part of a longer text a network reads"
    )


class MetricParameters(Parameters):
    metric: Literal["accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc"] = parameter(
        "accuracy", "what epochs, trials, families and the champion are chosen by"
    )


class TrainingParameters(MetricParameters, PretrainedParameters):
    epochs: Positive = parameter(5, "passes over the training split, at most")
    batch_size: Positive = parameter(32, "documents in a training step")
    class_weight: Literal["none", "balanced"] = parameter("none", "balanced weighs documents by class frequency")
    embedding: Literal["random", "word2vec", "glove"] = parameter("random", "initial embeddings of lstm")
    embedding_file: str = parameter("", "file of word vectors; without one word2vec learns them", file=True)

    def training(self) -> "Training":
        """What these parameters, and the seed and members of the step, say of how a family is fitted."""
        from sentiment.model.training import Criterion, Training  # needs numpy, which main does without

        known = {name: value for name, value in self.model_dump().items() if name in Training.__dataclass_fields__}
        metric = METRICS[self.metric]
        assert metric.function is not None
        return Training(**known | {"metric": Criterion(metric.name, metric.function, metric.higher_is_better)})


class FamiliesParameters(Parameters):
    families: Names = parameter(("simple", "lstm", "transformer"), "families to tune and compare, separated by commas")


class EngineParameters(Parameters):
    engine: Engine = parameter("local", "spark runs on the cluster of spark_master", changes_result=False)
    spark_master: str = parameter("", "URL of a Spark cluster, or local[n]", changes_result=False)


class SearchParameters(Parameters):
    max_evals: NotNegative = parameter(0, "trials of a family; 0: 5, of networks 2; grid tries every point")
    tuner: Literal["hyperopt", "keras_tuner"] = parameter("hyperopt", "library that proposes the trials")
    algo: Literal["tpe", "random", "anneal", "grid", "bayesian", "hyperband"] = parameter(
        "tpe", "tpe, random, anneal, grid of hyperopt; random, bayesian, hyperband, grid of keras_tuner"
    )
    space: str = parameter("", "YAML file that narrows the families' search spaces", file=True)
    prune: Boolean = parameter(True, "whether trials that fall behind the others are stopped early")
    members: Positive = parameter(1, "networks of different seeds whose mean is the model; training takes as many fits")
    parallelism: NotNegative = parameter(
        0, "trials at the same time; 0 for one a core, up to 4 (simple: one)", changes_result=False
    )


class ChoiceParameters(MetricParameters):
    choose: Literal["accuracy", "fastest_within", "smallest_within"] = parameter(
        "accuracy", "rule that picks the winner by the validation split"
    )
    margin: Rate = parameter(0.01, "loss in the metric that fastest_within and smallest_within may accept")
    ensemble: Boolean = parameter(True, "whether a weighted mean of the families is compared with them")
    behaviour: str = parameter("", "YAML file with behaviour tests of your own", file=True)


class RegisteredModelParameters(Parameters):
    registered_model: ModelName = parameter("sentiment", "name of the registered model")


class GateParameters(MetricParameters):
    """What a model is held to before it becomes champion. Stored with a version, and read back when it is approved."""

    # A version that was registered by a later release may have been held to more; what is not known here is ignored.
    model_config = ConfigDict(extra="ignore")

    gates: Thresholds = parameter((), "figures to reach: accuracy>=0.85,latency_ms_p95<=50")
    tolerance: Rate = parameter(0.0, "by how much the metric may be worse than the champion's")
    behaviour_tolerance: Rate = parameter(0.05, "by how much more of the behaviour tests may fail")

    def terms(self) -> dict[str, Any]:
        """The gate's parameters by name, as its checks take them."""
        return {name: getattr(self, name) for name in GateParameters.model_fields}


class PromotionParameters(Parameters):
    require_review: Boolean = parameter(False, "whether the winner stays challenger until it is approved")
    fail_on_gate: Boolean = parameter(False, "whether the command fails where the winner does not pass")


class ForceParameters(Parameters):
    force: Boolean = parameter(False, "replace a champion of other classes or of another corpus")


class ReuseParameters(Parameters):
    reuse: Boolean = parameter(False, "whether a finished run with the same inputs is reused", changes_result=False)


# Steps.


class IngestParameters(CorpusParameters, SplitParameters, ReuseParameters):
    @property
    def source(self) -> Corpus:
        """What is read, with its own splits where they are kept."""
        return replace(super().source, split_column="split" if self.splits == "source" else "")


class FeaturizeParameters(CleaningParameters, EncodingParameters, ReuseParameters):
    ingest_run: str = parameter("", "run to build on; by default the latest")


class TrainParameters(TrainingParameters, SeedParameters, ReuseParameters):
    """Hyperparameters of the family are further parameters, by their names."""

    model_config = ConfigDict(extra="allow")

    featurize_run: str = parameter("", "run to build on; by default the latest")
    family: str = parameter("simple", "family of models")

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The hyperparameters that were given, as text."""
        return self.model_extra or {}


class TuneParameters(SearchParameters, TrainingParameters, SeedParameters, EngineParameters, ReuseParameters):
    featurize_run: str = parameter("", "run to build on; by default the latest")
    family: str = parameter("simple", "family of models")
    resume_run: str = parameter("", "earlier search whose trials count in this one", changes_result=False)


class CompareParameters(ChoiceParameters, SeedParameters, ReuseParameters):
    tune_runs: Names = parameter((), "runs to compare, separated by commas; by default the latest of each family")
    registered_model: ModelName = parameter(
        "sentiment", "whose champion the review card shows beside the winner", changes_result=False
    )


class RegisterParameters(
    RegisteredModelParameters, GateParameters, PromotionParameters, ForceParameters, ReuseParameters
):
    model_config = ConfigDict(extra="forbid")

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
    model_config = ConfigDict(extra="forbid")

    parallelism: NotNegative = parameter(
        0, "trials of all families at the same time; 0 for one a core", changes_result=False
    )
    reuse: Boolean = parameter(True, "whether finished steps with the same inputs are reused", changes_result=False)


class ReportParameters(RegisteredModelParameters, GateParameters, ForceParameters):
    model_config = ConfigDict(extra="forbid")

    compare_run: str = parameter("", "comparison to report; by default the latest")
    version: str = parameter("", "version or alias whose comparison is reported, in place of compare_run")
    output: str = parameter("", "Markdown file to write; without one it is printed")
    fail_on_gate: Boolean = parameter(False, "whether the command fails where the winner does not pass")


class ApproveParameters(RegisteredModelParameters, ForceParameters):
    version: str = parameter("", "version to promote")
    reviewer: str = parameter("", "who reviewed it")
    note: str = parameter("", "what the reviewer found")


class RollbackParameters(RegisteredModelParameters):
    reason: str = parameter("rolled back by hand", "why, for the audit trail")


class PredictParameters(EngineParameters):
    input: str = parameter("", "what to score: a file, a database with query, or another table")
    query: str = parameter("", "select that gives the rows, where the input is a database")
    output: str = parameter("", "file to write, or table to append to: the input's columns, label, score and reason")
    model: str = parameter("models:/sentiment@champion", "URI of the model")
    text_column: str = parameter("text", "column of the input that holds the texts")
    label_column: str = parameter("label", "column of the input that holds the labels, if it has any")
    probabilities: Boolean = parameter(False, "whether the output has the probability of each class, too")
    overwrite: Boolean = parameter(False, "whether an existing output is replaced")

    @property
    def source(self) -> Corpus:
        """What is scored."""
        return Corpus(
            self.input, self.text_column, self.label_column, slice_column="", query=self.query, parameter="input"
        )


class PortParameters(Parameters):
    port: Annotated[Whole, Field(ge=1, le=65535)] = parameter(5001, "port to listen on")


class ServeParameters(RegisteredModelParameters, PortParameters):
    host: str = parameter("127.0.0.1", "address to listen on")
    reload_seconds: NotNegative = parameter(10, "how often to look for a new champion; 0 for never")
    record: Boolean = parameter(False, "whether requests are recorded as MLflow traces, for monitor")
    record_text: Boolean = parameter(True, "false keeps only the SHA-256 and the length of a text")


class ImageParameters(Parameters):
    image: str = parameter("", "name of the image, with its registry and without a tag; by default the model's")


class PackageParameters(RegisteredModelParameters, ImageParameters):
    version: str = parameter("", "version to package; by default the champion")
    folder: str = parameter("", "folder to write; by default package-MODEL-VERSION")


class DeployParameters(RegisteredModelParameters, ImageParameters, PortParameters):
    target: Literal["local", "sagemaker"] = parameter("local", "where to: a process of this machine, or SageMaker")
    action: Literal["create", "update", "delete", "test"] = parameter("create", "what to do with the endpoint")
    endpoint: str = parameter("", "name of the endpoint; by default the model's")
    version: str = parameter("", "version to deploy; by default the champion")
    any_version: Boolean = parameter(False, "whether a version that is not champion may be deployed")
    traffic: Annotated[float, Field(gt=0, le=1)] = parameter(1.0, "share of requests that an update gives the version")
    settings: str = parameter("", "YAML file with what SageMaker needs, by the names of MLflow's client", file=True)


class MonitorParameters(RegisteredModelParameters):
    batch: str = parameter("", "labelled or unlabelled texts to look at; without them the recorded requests")
    query: str = parameter("", "select that gives the rows, where the batch is in a database")
    text_column: str = parameter("text", "column of the batch that holds the texts")
    label_column: str = parameter("label", "column of the batch that holds the labels, if it has any")
    hours: PositiveNumber = parameter(24.0, "age of the recorded requests to look at, at most")
    psi: PositiveNumber = parameter(0.2, "population stability index from which a quantity has drifted")
    p_value: Share = parameter(0.01, "p-value below which a quantity has drifted or accuracy has fallen")
    accuracy_drop: Rate = parameter(0.05, "loss in accuracy that counts as a fall")
    error_rate: Rate = parameter(0.05, "share of requests that may fail")
    fail_on_alert: Boolean = parameter(False, "whether an alert ends with exit code 3")
    retrain: Boolean = parameter(False, "whether an alert runs main on the corpus with the batch added")

    @property
    def source(self) -> Corpus:
        """The batch."""
        return Corpus(
            self.batch, self.text_column, self.label_column, slice_column="", query=self.query, parameter="batch"
        )
