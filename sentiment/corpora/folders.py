"""A corpus in a folder: a folder for each class, a UTF-8 text file for each document, as many corpora come."""

import pandas as pd

from sentiment.errors import UserError


def read(folder):
    """Read the documents into the columns id (the path below ``folder``), text and label, sorted by path.

    Files and folders whose names begin with a dot are left out.

    Raises:
        UserError: no text files in folders below it, or one that is not UTF-8.
    """
    rows = []
    for path in sorted(folder.glob("*/**/*")):
        below = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in below.parts):
            continue
        try:
            rows.append((below.as_posix(), path.read_text(encoding="utf-8-sig"), below.parts[0]))
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path} is not UTF-8 ({error.reason} at byte {error.start}): convert it to UTF-8"
            ) from error
    if not rows:
        raise UserError(f"the folder {folder} has no documents: expected a folder for each class with text files in it")
    return pd.DataFrame(rows, columns=["id", "text", "label"])
