"""Hashed n-grams of a text: an encoder without weights, for runs that have none at hand."""

from benchmark.errors import StudyError

LENGTHS = {"char_wb": (3, 5), "word": (1, 2)}  # of the n-grams, shortest and longest, by what they are made of


class HashedNgrams:
    """Counts of n-grams, each at the place and with the sign that its hash gives, of length 1 (Weinberger et al. 2009).

    ``encoder(texts)`` returns one vector (1, dim) for each text; of a text without n-grams it is 0. ``analyzer`` says
    what n-grams are made of: the letters of each word (``char_wb``) or whole words (``word``); case is not looked at.
    ``shortest`` and ``longest`` are their lengths, of ``LENGTHS`` unless given."""

    library = "scikit-learn"
    graph, parameters = None, 0

    def __init__(self, weights=None, dim=256, analyzer="char_wb", shortest=None, longest=None):
        from sklearn.feature_extraction.text import HashingVectorizer  # imported late: it takes half a second

        if analyzer not in LENGTHS:
            raise StudyError(f"hashed_ngrams: analyzer must be {' or '.join(LENGTHS)}; got {analyzer!r}")
        usual = LENGTHS[analyzer]
        lengths = shortest or usual[0], longest or max(usual[1], shortest or 0)
        if dim < 1 or not 1 <= lengths[0] <= lengths[1]:
            raise StudyError(
                "hashed_ngrams: dim must be 1 or more, and shortest from 1 to longest; got "
                f"dim: {dim}, shortest: {lengths[0]}, longest: {lengths[1]}"
            )
        self.dim = dim
        self.vectorizer = HashingVectorizer(n_features=dim, analyzer=analyzer, ngram_range=lengths, norm="l2")

    def __call__(self, texts):
        """Return a list of (1, dim) float32, one for each text."""
        return list(self.vectorizer.transform(texts).toarray().astype("float32")[:, None]) if texts else []

    def digest(self):
        """Return None: there are no weights."""
        return None
