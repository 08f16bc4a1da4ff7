"""What it takes to get the features of a clip: seconds that were measured when they were computed, of each apart."""

from benchmark.data.film_records import decode_seconds

DECODE = "decode"  # beside the names of features: what comes before all of them
# By the kind of data set: (study of the model, network, digests of clips) -> mean seconds, None where unknown. Of other
# kinds nothing is decoded before features are computed.
DECODING = {"video": decode_seconds, "audio": lambda study, network, digests: None}


def extraction_seconds(extractor, study, network, clips):
    """Return {name of features, or 'decode': mean seconds for one test clip}, None where that is unknown.

    ``clips`` are those of a trial with their split. Features may have been computed in an earlier run. They are seconds
    on the clock, while other trials or films were at work beside it where the engine has several at once."""
    test = clips[clips["split"] == "test"]
    found = extractor.seconds(test)
    if decode := DECODING.get(study.dataset.kind):
        found |= {DECODE: decode(study, network, test["sha256"])}
    return {name: seconds if seconds is None else round(seconds, 6) for name, seconds in found.items()}
