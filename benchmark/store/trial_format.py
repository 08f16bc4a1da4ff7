"""Which trial.json this version reads: one written in another format is refused in a sentence, never misread."""

from benchmark.errors import StudyError

FORMAT = 1  # of trial.json and the files beside it; counted up where one of them changes its meaning


def check_format(record, folder):
    """Raise :class:`StudyError` unless trial.json of ``folder``, a dict, is of the format that this version writes."""
    if (found := record.get("format")) != FORMAT:
        was = "without a format number" if found is None else f"in format {found}"
        raise StudyError(
            f"{folder}: trial.json was written {was}, and this version reads format {FORMAT}: run it again"
        )
