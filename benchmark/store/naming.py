"""What must not be hidden where a model is named: random weights, synthetic sound."""

import re

# 'VGG-16 (random)', 'VGG-16, random weights', 'randomly initialised VGG-16'; but no 'Random forest', no 'random crops'.
SAYS_RANDOM = re.compile(r"\brandom(ly)?[ -](weights|init)|\(random\)|\brandom\W*$", re.IGNORECASE)


def remark(label, random=False, synthetic=False):
    """Return a label with its remarks in brackets: random weights, unless the label says so itself; synthetic sound.

    >>> remark("VGG-16", random=True, synthetic=True), remark("VGG-16 (random)", random=True)
    ('VGG-16 (random weights, synthetic sound)', 'VGG-16 (random)')
    """
    random = random and not SAYS_RANDOM.search(label)
    remarks = ["random weights"] * bool(random) + ["synthetic sound"] * bool(synthetic)
    return f"{label} ({', '.join(remarks)})" if remarks else label
