"""Parameters that belong together, each declared once: name, type, range, default and description.

``MLproject``, ``python -m steps STEP --help``, docs/reference/parameters.md and the checks of values follow from them.
A step has the parameters of the groups that its model lists (:mod:`sentiment.workflow.parameters`).
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from sentiment.corpora.corpus import Corpus
from sentiment.evaluation.metrics import CRITERIA, METRICS
from sentiment.workflow.parameter_types import (
    Boolean,
    Engine,
    ModelName,
    Names,
    NotNegative,
    Parameters,
    Polarity,
    Positive,
    Rate,
    Seed,
    Share,
    Thresholds,
    Whole,
    parameter,
)

if TYPE_CHECKING:
    from sentiment.labelling.weak_labels import Thresholds as PolarityThresholds
    from sentiment.model.training import Training


class CorpusParameters(Parameters):
    corpus: str = parameter("sample", "sample, an NLTK corpus, a file, a folder, a database, or another source")
    query: str = parameter("", "SELECT that returns the rows, if the corpus is a database")
    text_column: str = parameter("text", "column of a file that holds the texts")
    label_column: str = parameter("label", "column of a file that holds the class names")
    normalize_labels: Boolean = parameter(False, "whether to merge labels that look alike or are equal as numbers")
    corrections: str = parameter("", "file of texts with corrected labels; an empty label drops the text", file=True)

    label_by: Names = parameter(
        (),
        "what labels texts without a label: vader, opinion_lexicon, models:/NAME@ALIAS or /VERSION, hf://OWNER/NAME, "
        "a folder",
    )
    positive_from: Polarity = parameter(0.05, "lowest polarity that counts as positive")
    negative_to: Polarity = parameter(-0.05, "highest polarity that counts as negative")
    between: Literal["auto", "neutral", "dropped"] = parameter(
        "auto", "texts in between: neutral, dropped, or auto: neutral if human labels have that class"
    )

    @property
    def source(self) -> Corpus:
        """The corpus to read. With labelers only a named column of labels is required."""
        required = self.has_other("label_column") or not self.label_by
        return Corpus(self.corpus, self.text_column, self.label_column, query=self.query, label_required=required)

    def polarity_thresholds(self) -> "PolarityThresholds":
        """The meaning of a labeler's polarity."""
        from sentiment.labelling.weak_labels import Thresholds  # needs numpy, which main does without

        return Thresholds(self.negative_to, self.positive_from, self.between)


class SplitParameters(Parameters):
    test_size: Share = parameter(0.2, "share of all documents in the test split, approximately")
    validation_size: Share = parameter(0.2, "share of the remaining documents in the validation split, approximately")
    stratify: Boolean = parameter(True, "whether every split gets texts of every class, even of rare ones")
    splits: Literal["hash", "source"] = parameter("hash", "source keeps the corpus's own splits")
    split_seed: Seed = parameter(42, "seed of the splits; seed does not change them")


class SeedParameters(Parameters):
    seed: Seed = parameter(42, "seed of all randomness except the splits")


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
    vocabulary_size: Annotated[Whole, Field(ge=3)] = parameter(10000, "size of the networks' vocabulary")
    max_length: NotNegative = parameter(
        0, "tokens of a text that a network reads; 0: 0.99 quantile of lengths, up to 400"
    )
    truncation: Literal["last", "first", "head_tail", "chunks"] = parameter(
        "last", "which part of a longer text a network reads"
    )


class MetricParameters(Parameters):
    metric: Literal[*CRITERIA] = parameter(  # type: ignore[valid-type]
        "accuracy", "criterion for epochs, trials, families and the champion"
    )


class TrainingParameters(MetricParameters, PretrainedParameters):
    epochs: Positive = parameter(5, "passes over the training split, at most")
    batch_size: Positive = parameter(32, "documents in a training step")
    class_weight: Literal["none", "balanced"] = parameter("none", "balanced weights texts by inverse class frequency")
    embedding: Literal["random", "word2vec", "glove"] = parameter("random", "initial embeddings of lstm")
    embedding_file: str = parameter("", "file of word vectors; if empty, word2vec learns them", file=True)

    def training(self) -> "Training":
        """How a family is fitted, from these parameters and the step's seed and members."""
        from sentiment.model.training import Criterion, Training  # needs numpy, which main does without

        known = {name: value for name, value in self.model_dump().items() if name in Training.__dataclass_fields__}
        metric = METRICS[self.metric]
        assert metric.function is not None
        return Training(**known | {"metric": Criterion(metric.name, metric.function, metric.higher_is_better)})


class FamiliesParameters(Parameters):
    families: Names = parameter(("simple", "lstm", "transformer"), "families to tune and compare, separated by commas")


class EngineParameters(Parameters):
    engine: Engine = parameter("local", "spark runs on the cluster of spark_master", changes_result=False)
    spark_master: Annotated[str, Field(validate_default=True)] = parameter(
        "", "URL of a Spark cluster, or local[n]", changes_result=False
    )

    @field_validator("spark_master")
    @classmethod
    def _goes_with_the_engine(cls, value: str, given: ValidationInfo) -> str:
        if given.data.get("engine") == "spark" and not value:
            raise ValueError(
                "engine=spark without spark_master: expected spark://host:port, or local[n] on this machine"
            )
        if given.data.get("engine") == "local" and value:
            raise ValueError("spark_master without engine=spark: give both, or neither")
        return value


class SearchParameters(Parameters):
    max_evals: NotNegative = parameter(0, "trials per family; 0: 5, for networks 2; grid tries every point")
    tuner: Literal["hyperopt", "keras_tuner"] = parameter("hyperopt", "library that proposes the trials")
    algo: Literal["tpe", "random", "anneal", "grid", "bayesian", "hyperband"] = parameter(
        "tpe", "tpe, random, anneal, grid of hyperopt; random, bayesian, hyperband, grid of keras_tuner"
    )
    space: str = parameter("", "YAML file that narrows the families' search spaces", file=True)
    prune: Boolean = parameter(True, "whether trials that are clearly worse than the others are stopped early")
    members: NotNegative = parameter(
        0, "networks in the ensemble: the best trials', then new seeds of the best; 0: 2 (finetuned: 1)"
    )
    parallelism: NotNegative = parameter(
        0, "concurrent trials; 0: one per core, up to 4 (simple: one)", changes_result=False
    )


class ChoiceParameters(MetricParameters):
    choose: Literal["accuracy", "fastest_within", "smallest_within"] = parameter(
        "accuracy", "rule to select the winner on the validation split"
    )
    margin: Rate = parameter(0.01, "loss in the metric that fastest_within and smallest_within may accept")
    ensemble: Boolean = parameter(True, "whether a weighted mean of the families is compared with them")
    behaviour: str = parameter("", "YAML file with behaviour tests of your own", file=True)


class RegisteredModelParameters(Parameters):
    registered_model: ModelName = parameter("sentiment", "name of the registered model")


class GateParameters(MetricParameters):
    """The conditions for a model to become champion. Stored with a version, and read back when it is approved."""

    gates: Thresholds = parameter((), "thresholds: accuracy>=0.85,latency_ms_p95<=50")
    tolerance: Rate = parameter(0.0, "by how much the metric may be worse than the champion's")
    behaviour_tolerance: Rate = parameter(0.05, "by how much the behaviour failure rate may rise")

    def terms(self, force: bool = False) -> dict[str, Any]:
        """The gate's parameters by name, as passed to its checks."""
        return {name: getattr(self, name) for name in GateParameters.model_fields} | {"force": force}


class PromotionParameters(Parameters):
    require_review: Boolean = parameter(False, "whether the winner stays challenger until it is approved")
    fail_on_gate: Boolean = parameter(False, "whether the command fails if the winner fails the gate")


class ForceParameters(Parameters):
    force: Boolean = parameter(
        False, "replace a champion that has other classes or another corpus, or promote a rolled-back version"
    )


class ReuseParameters(Parameters):
    reuse: Boolean = parameter(False, "whether a finished run with the same inputs is reused", changes_result=False)


class PortParameters(Parameters):
    port: Annotated[Whole, Field(ge=1, le=65535)] = parameter(5001, "port to listen on")


class ImageParameters(Parameters):
    image: str = parameter("", "name of the image, with its registry and without a tag; by default the model's")
