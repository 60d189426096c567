"""The user's description of a corpus: its address and the columns to use."""

from dataclasses import dataclass

from sentiment.corpora.databases import is_database
from sentiment.errors import UserError


@dataclass(frozen=True)
class Corpus:
    """Texts at an address: what ``corpus=``, ``input=`` and ``batch=`` name.

    Args:
        address: a name, a path or a URI.
        text_column: column that holds the texts, if they have columns.
        label_column: column that holds the class names.
        slice_column: column that holds the slices of the comparison; it may be missing. Empty: none.
        split_column: column with the source's split of each text. Empty: the splits do not matter.
        query: the query that gives the texts, if the address is a database.
        parameter: name of the parameter that holds the address, for messages.
        label_required: whether it is an error if there is no column that holds the class names.
        all_columns: whether unused columns are needed, too, and must have the same type in all files.
    """

    address: str
    text_column: str = "text"
    label_column: str = "label"
    slice_column: str = "slice"
    split_column: str = ""
    query: str = ""
    parameter: str = "corpus"
    label_required: bool = True
    all_columns: bool = False

    def __post_init__(self) -> None:
        if not self.address:  # as a path, this would be the current folder
            raise UserError(f"{self.name} is empty: leave it out for its default, or say where the texts are")
        if self.query and not is_database(self.address):
            raise UserError(f"query={self.query} needs the URL of a database, and {self.name} is not one")

    @property
    def name(self) -> str:
        """The parameter and the address, for messages: ``input=reviews.csv``."""
        return f"{self.parameter}={self.address}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are used."""
        return tuple(filter(None, (self.text_column, self.label_column, self.slice_column, self.split_column)))
