"""The settings of a study as a flat table: one key, such as ``models.vgg16.weights``, and one value per line."""


def flatten(settings, prefix=""):
    """Return nested settings as {'split.seeds': [0], ...}; of a list of named things each is called by its name.

    Lists of plain values stay whole; an empty mapping or list is a value of its own."""
    found = {}
    for key, value in settings.items():
        place = f"{prefix}{key}"
        if isinstance(value, list) and value and all(isinstance(entry, dict) and "name" in entry for entry in value):
            value = {entry["name"]: {k: v for k, v in entry.items() if k != "name"} for entry in value}
        found |= flatten(value, f"{place}.") if isinstance(value, dict) and value else {place: value}
    return found


def as_text(value):
    """Return a setting as it would stand in YAML on one line: null, true, [0, 1], 0.001."""
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_text(entry)}" for key, entry in value.items()) + "}"
    return str(value)
