"""Whether clips have as many labels as a task allows, and in words what a task would rather have."""

from benchmark.store.labels import SEPARATOR, class_names, to_matrix
from benchmark.tasks import TASKS


def joined(names):
    """Return the names of a clip's classes as the text that tables hold: sorted, each once."""
    return SEPARATOR.join(sorted(set(names)))


def fits(task, labels):
    """Return which labels, (n_clips,) text, are as many as the task of that name allows, (n_clips,) bool."""
    return TASKS[task].labels(to_matrix(labels, class_names(labels)))


def allows_several(task):
    """Return whether a clip may have several labels under the task of that name."""
    return bool(fits(task, [joined(("a", "b"))]).all())


def way_out(task, labels):
    """Return '; ...' with the task that would take labels, (n_clips,) text, which this one does not; '' without any."""
    others = [name for name in TASKS if fits(name, labels).all()]
    wanted = "" if task in others or not others else TASKS[others[0]].wants
    return f"; for clips with {wanted} set task: {others[0]}" if wanted else ""
