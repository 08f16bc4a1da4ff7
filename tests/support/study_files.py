"""Studies as YAML files."""

import yaml


def write_study(folder, root, **changes):
    """Write study.yaml into ``folder``, about the data in ``root``, results and cache beside it; return its path."""
    places = {name: str(folder / name) for name in ("results", "cache")}
    study = {"dataset": {"root": str(root)}, "models": ["mobilenet_v2"], **places}
    (folder / "study.yaml").write_text(yaml.safe_dump(study | changes))
    return folder / "study.yaml"
