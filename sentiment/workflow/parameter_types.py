"""Declaration of parameters: types, descriptions, and the base of the models that hold parameters."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict
from pydantic.fields import FieldInfo

from sentiment.registry.checks import thresholds


def parameter(default: Any, description: str, *, file: bool = False, changes_result: bool = True) -> Any:
    """Declare a parameter.

    Args:
        default: its default.
        description: one line, for MLproject, ``--help`` and the reference.
        file: whether the value may be a path, so that its content counts and not its name.
        changes_result: whether the step's result depends on it; if not, it is left out of the fingerprint.
    """
    return Field(default, description=description, json_schema_extra={"file": file, "changes_result": changes_result})


def _parse_whole(value: object) -> object:
    """Accept whole numbers written as 5.0 or 1e3; pydantic refuses other values."""
    try:
        return int(float(value)) if isinstance(value, str) and float(value).is_integer() else value
    except ValueError:
        return value


def _parse_boolean(value: object) -> object:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _split_names(value: object) -> object:
    """Comma-separated names, without surrounding blanks."""
    if not isinstance(value, str):
        return value
    names = [name.strip() for name in value.split(",") if name.strip()]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is listed twice; name each once")
    return tuple(names)


def _check_model_name(value: str) -> str:
    # A model's URI is models:/NAME@ALIAS, MLflow refuses . and .. as paths, PostgreSQL stores 256 characters. The name
    # is shown in Markdown, where the other characters could start markup.
    fits = value.strip() and value.isprintable() and len(value) <= 256
    if not fits or set(value) & set("/:@'?`<>[]|\\*") or value == "." or value.startswith(".."):
        raise ValueError(
            "expected at most 256 printable characters without / : @ ' and ?, and none of ` < > [ ] | \\ and *, that "
            "do not begin with .. and are not ."
        )
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

    # Models are built on first use: a process uses one or two of them.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    @classmethod
    def fields(cls) -> dict[str, FieldInfo]:
        """The model's fields: its own, then those of its groups in the order of listing."""
        inherited = [name for group in cls.__bases__ if issubclass(group, Parameters) for name in group.fields()]
        own = [name for name in cls.model_fields if name not in inherited]
        return {name: cls.model_fields[name] for name in (*own, *inherited)}

    def has_other(self, name: str) -> bool:
        """Whether a field's value differs from its default."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)
