"""The study of posters2025 as its paper says: seven rows, their regimes, their trainable layers."""

from benchmark.config.load import load_study
from benchmark.config.networks import CONFIGS
from benchmark.models.sources import laid_out
from benchmark.trials import checks

ROWS = {  # regime, epochs of its stages
    "resnet50_baseline": ("finetune", []),
    "resnet50_balanced": ("finetune", []),
    "efficientnet_b0": ("two_stage", [10, 20]),
    "efficientnet_v2s_6_7": ("two_stage", [10, 40]),
    "efficientnet_v2s_4_7": ("two_stage", [10, 90]),
    "vgg16_frozen": ("frozen", []),
    "vgg16_finetuned": ("two_stage", [10, 40]),
}


def test_the_study_of_the_posters_has_the_papers_rows():
    study = load_study(CONFIGS / "posters2025.yaml")
    own = {model.name: study.for_model(model) for model in study.models}
    found = {name: (one.training.regime, [stage.epochs for stage in one.training.stages]) for name, one in own.items()}
    assert found == ROWS
    weights = {name: one.training.loss.pos_weight for name, one in own.items() if one.training.loss.pos_weight}
    assert weights == {"resnet50_balanced": "balanced"}
    assert {one.training.monitor for one in own.values()} == {"f1_macro"}
    assert checks.wrong_networks(study) == {}  # its stages name layers that there are
    assert {laid_out(model).input_shape[1] for model in study.models} == {224}
