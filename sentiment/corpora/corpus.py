"""What a user says of texts: where they are, and which of their columns are used."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Corpus:
    """Texts at an address: what ``corpus=``, ``input=`` and ``batch=`` name.

    Args:
        address: a name, a path or a URI.
        text_column: column that holds the texts, where they have columns.
        label_column: column that holds the class names.
        slice_column: column that holds the slices of the comparison; it need not be there. Empty: none.
        parameter: name of the parameter that holds the address, for messages.
        label_required: whether it is a mistake if there is no column that holds the class names.
    """

    address: str
    text_column: str = "text"
    label_column: str = "label"
    slice_column: str = "slice"
    parameter: str = "corpus"
    label_required: bool = True

    @property
    def name(self) -> str:
        """The parameter and the address, for messages: ``input=reviews.csv``."""
        return f"{self.parameter}={self.address}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are used."""
        return tuple(filter(None, (self.text_column, self.label_column, self.slice_column)))
