"""Words of a clip as features: found on its screen or in its speech by a recogniser, then encoded.

A transcript is kept in the cache, apart from the features: it is made once, whatever encoders read it."""

import time

import numpy as np

from benchmark.config.dataset_kinds import DATASET_KINDS
from benchmark.features.dependencies import transcripts_of
from benchmark.features.extractor import Extractor
from benchmark.features.seconds import keep_seconds, mean_seconds
from benchmark.models.text import build_encoder
from benchmark.models.weights.load import file_digest
from benchmark.texts.kept import read_transcript, write_transcript
from benchmark.texts.recognise import recognise_frames, recognise_speech
from benchmark.texts.transcript import Transcript
from benchmark.video.decode import open_film
from benchmark.video.frames import frame_folder, load_frames
from spectrograms.errors import AudioError
from spectrograms.params import SAMPLE_RATE
from spectrograms.waveforms import are_kept, load_waveform, waveform_folder

NO_WORDS = Transcript((), "", "")
TEXTS = {  # the texts of a transcript that are encoded, by TextParams.per
    "utterance": lambda transcript: [utterance.text for utterance in transcript.utterances],
    "token": lambda transcript: [transcript.text] if transcript.utterances else [],
    "clip": lambda transcript: [transcript.text] if transcript.utterances else [],
}


class TextExtractor(Extractor):
    """Vectors of the words of a clip; n_steps is the number of its utterances, of its tokens, or 1, as ``per`` says.

    An utterance is encoded by itself; as tokens or a whole, all words of the clip are one text. A clip without words,
    such as a film without sound, has features of shape (0, dim)."""

    clips_at_once = 8
    has_recognised = False  # whether a recogniser is loaded

    def __init__(self, network, settings, seed=0, load=True):
        super().__init__(network, settings)
        self.encoder, path = build_encoder(network, seed), network.weights_path
        if path or self.encoder.digest():
            digest, of = (file_digest(path), "files") if path else (self.encoder.digest(), "values")
            self.weights = {"name": network.weights_name, "sha256": digest, "sha256_of": of}
        self.dim, self.parameters, self.graph = self.encoder.dim, self.encoder.parameters, self.encoder.graph
        self.library, self.makers = self.encoder.library, (type(self.encoder).__module__,)

    def _prepare(self, rows, n_clips):
        """Make the transcripts that the cache lacks; each is timed by itself, for encoders of all kinds."""
        folder = self._transcripts
        for path, digest in zip(rows["path"], rows["sha256"], strict=True):
            if read_transcript(place := folder / f"{digest}.json") is None:
                began = time.perf_counter()
                write_transcript(self._of_run(path, digest, n_clips), place)
                keep_seconds(folder, [digest], time.perf_counter() - began, is_first=not self.has_recognised)
                self.has_recognised = True

    def _compute(self, rows, n_clips, batch_size):
        """Return the features (n_steps, dim) of each clip; their texts are encoded together."""
        folder = self._transcripts
        return self.embed([read_transcript(folder / f"{digest}.json") for digest in rows["sha256"]])

    @property
    def _transcripts(self):
        return transcripts_of(self.network, self.settings)

    def seconds(self, clips):
        """Return {name: mean seconds that it took to recognise and encode the words of one of some clips}, or None."""
        ((name, encoding),) = super().seconds(clips).items()
        parts = encoding, mean_seconds(self._transcripts, clips["sha256"])
        return {name: None if None in parts else sum(parts)}

    def _recognised(self, path, digest=None, n_clips=None):
        """Return the Transcript of a file; with the ``digest`` of its bytes, of what a run of ``n_clips`` has kept."""
        reads, recognise = READERS[self.network.reads]
        return recognise(reads(self, path, digest, n_clips), self.network.text)

    def _of_run(self, path, digest, n_clips):
        """Return the Transcript of a clip of a run, which was looked at before: a film without sound says nothing.

        Raises AudioError for a clip that is sound alone and cannot be read."""
        try:
            return self._recognised(path, digest, n_clips)
        except AudioError:
            if DATASET_KINDS[self.settings.dataset.kind].has_sound and not self.may_lack:
                raise
            return NO_WORDS

    def embed(self, transcripts):
        """Return the features (n_steps, dim) float32 of each Transcript."""
        per = self.network.text.per
        texts = [TEXTS[per](transcript) for transcript in transcripts]
        vectors = iter(self.encoder([text for of_clip in texts for text in of_clip]))
        found = [[next(vectors) for _ in of_clip] for of_clip in texts]
        return [self._steps(of_clip, per) for of_clip in found]

    def _steps(self, vectors, per):
        """Return the steps (n_steps, dim) of the vectors (n_tokens, dim) of a clip's texts."""
        told = [tokens for tokens in vectors if len(tokens)]  # a text may hold nothing that an encoder knows
        if per != "token":
            told = [tokens.mean(axis=0, keepdims=True) for tokens in told]
        return np.concatenate([np.zeros((0, self.dim), "float32"), *told]).astype("float32")

    def read(self, path):
        """Return the Transcript of one file, made anew: it is neither looked for in the cache nor kept.

        Raises AudioError where there is no sound, but of a film alone, which says nothing: FilmError where it is none.
        """
        try:
            return self._recognised(path)
        except AudioError:
            if DATASET_KINDS[self.settings.dataset.kind].has_sound or self.may_lack:
                raise
            with open_film(path):
                return NO_WORDS


def _frames(extractor, path, digest, n_clips):
    """Return the Frames of a film."""
    params = extractor.settings.frames
    if digest is None:
        return extractor.decoded.frames(path, params)
    return load_frames(path, digest, frame_folder(extractor.settings.cache, params), params)


def _waveform(extractor, path, digest, n_clips):
    """Return the waveform (n_samples,) of a clip at 16 kHz; raise AudioError where it has no sound."""
    clip, cache = extractor.settings.clip, extractor.settings.cache
    if digest is None or not are_kept(n_clips, clip, SAMPLE_RATE):
        return extractor.decoded.waveform(path, clip, SAMPLE_RATE)
    return load_waveform(path, digest, waveform_folder(cache, clip, SAMPLE_RATE), clip, SAMPLE_RATE)


READERS = {"screen_text": (_frames, recognise_frames), "speech": (_waveform, recognise_speech)}
