"""CSV files that must have certain columns, read with one sentence on what is wrong with them."""

import pandas as pd

from benchmark.errors import StudyError


def read_csv(path, columns=(), **options):
    """Return the frame in a CSV file, of at least these columns; options: those of :func:`pandas.read_csv`.

    Raises :class:`StudyError`, naming the file, where it cannot be read or a column is missing."""
    try:
        frame = pd.read_csv(path, **options)
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise StudyError(f"{path} cannot be read: {error}") from None
    if missing := [column for column in columns if column not in frame.columns]:
        raise StudyError(f"{path}: missing column {', '.join(missing)}; it has {', '.join(frame.columns)}")
    return frame


def read_text(path, columns=()):
    """Return the same with every cell as the text that it is: a clip or class may be called 'NA' or '007'."""
    return read_csv(path, columns, dtype=str, keep_default_na=False)
