"""What models of several features must keep to: a function each, which returns what is wrong, or None."""

from benchmark.config.heads import OF_MEANS, OF_SEVERAL
from benchmark.errors import did_you_mean


def features_are_told_apart(study, part):
    """The features that a model reads together are told apart by their names."""
    for model in _fusing(study):
        names = [features.name for features in model.features]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            return f"model {model.name}: features named twice: {', '.join(twice)}; give one of them another 'name'"


def heads_can_fuse(study, part):
    """A head over the steps of several features is one that fuses them."""
    for model in _fusing(study):
        if model.head.reads_steps and model.head.kind not in OF_SEVERAL:
            kinds = " or ".join((*OF_MEANS, *OF_SEVERAL))
            return (
                f"model {model.name}: the {model.head.kind} head reads one kind of features; of several choose {kinds}"
            )


def heads_name_what_they_read(study, part):
    """A head names the features that it reads, and those alone; zeros that count are as many for each of them."""
    slips = [_slip_of_names(model) for model in study.models]
    return "; ".join(filter(None, slips))


def _slip_of_names(model):
    head, names = model.head, [features.name for features in model.parts] if model.reads == "several" else []
    lengths = head.length if isinstance(head.length, dict) else {}
    for setting, named in {"averaged": head.averaged or (), "length": lengths}.items():
        where = f"model {model.name}: head.{setting}"
        if named and not names:
            return f"{where} names {', '.join(named)}, but the model reads one kind of features; leave the names out"
        if strange := [name for name in named if name not in names]:
            hint = did_you_mean(strange[0], names)
            return f"{where}: {strange[0]} is none of its features {', '.join(names)}{hint}"
    unsaid = [name for name in names if name not in {*lengths, *(head.averaged or ())}]
    if head.mask is False and isinstance(head.length, dict) and unsaid:
        return (
            f"model {model.name}: head.length: mask: false needs that of {', '.join(unsaid)} too: where zeros count, "
            "their number must not depend on other clips"
        )


def _fusing(study):
    return [model for model in study.models if model.reads == "several"]
