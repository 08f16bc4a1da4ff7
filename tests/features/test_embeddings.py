"""The TensorFlow Hub path, on a small SavedModel with YAMNet's real call signature, and on the real one where it is."""

import numpy as np
import pytest

from benchmark.errors import StudyError

tf = pytest.importorskip("tensorflow")

from benchmark.features.hub import HubNetwork

WINDOW = 15360  # samples: 0.96 s at 16 kHz


class SmallYamnet(tf.Module):
    """model(waveform) -> (scores [n, 3], embeddings [n, 2], log_mel [frames, 1]): mean and peak of each patch."""

    def __init__(self):
        super().__init__()
        self.gain = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, waveform):
        patches = tf.signal.frame(waveform, WINDOW, WINDOW // 2)
        embeddings = self.gain * tf.stack([tf.reduce_mean(patches, 1), tf.reduce_max(patches, 1)], axis=1)
        return tf.zeros([tf.shape(patches)[0], 3]), embeddings, waveform[:, None]


@pytest.fixture(scope="module")
def yamnet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("yamnet")
    tf.saved_model.save(SmallYamnet(), str(folder))
    return folder


def test_the_named_output_holds_the_embeddings_of_every_patch(yamnet):
    network = HubNetwork(yamnet, output=1)
    embeddings = network(np.concatenate([np.zeros(WINDOW), np.ones(WINDOW)]).astype("float32"))
    np.testing.assert_allclose(embeddings, [[0, 0], [1, 2], [2, 2]])
    assert network.parameters == 1


def test_an_output_that_is_no_embedding_is_an_error(yamnet):
    with pytest.raises(StudyError, match=r"expected embeddings \(n_patches, dim\)"):
        HubNetwork(yamnet)(np.zeros(2 * WINDOW, "float32"))


@pytest.mark.parametrize(
    ("content", "said"), [(None, r"expected a folder with saved_model\.pb"), (b"no protobuf", "could not be loaded")]
)
def test_a_folder_that_is_no_saved_model_is_named(tmp_path, content, said):
    if content:
        (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(StudyError, match=said):
        HubNetwork(tmp_path)


def test_a_module_with_another_digest_is_not_loaded(yamnet, monkeypatch):
    from benchmark.config.study import ClipParams, DatasetParams, NetworkParams, Study
    from benchmark.features.waveforms import WaveformExtractor
    from benchmark.models.weights.load import file_digest

    network = {"name": "n", "label": "N", "backbone": "tensorflow_hub:x", "weights": str(yamnet), "output": 1}
    network = NetworkParams(**network, weights_sha256=file_digest(yamnet))
    study = Study(name="s", dataset=DatasetParams(root="data"), clip=ClipParams(), models=(network,))
    assert WaveformExtractor(network, study).weights["sha256"] == network.weights_sha256
    monkeypatch.setattr("tensorflow_hub.load", lambda folder: pytest.fail("it was loaded"))
    with pytest.raises(StudyError, match=r"is not what weights_sha256 names: expected 0{64}, got"):
        WaveformExtractor(network.model_copy(update={"weights_sha256": "0" * 64}), study)


def test_a_handle_without_network_says_what_to_do(no_network):
    with pytest.raises(
        StudyError, match=r"unpack it into a folder and set 'weights: FOLDER', or set 'weights: random'"
    ):
        HubNetwork("https://tfhub.dev/google/yamnet/1", output=1)


def test_real_yamnet_gives_1024_numbers_every_half_second(shared):
    embeddings = HubNetwork(shared / "weights" / "yamnet", output=1)(np.zeros(5 * 16000, "float32"))
    assert embeddings.shape == (10, 1024)
