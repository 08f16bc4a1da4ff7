"""What sections with a ``kind`` have in common: a plain word stands for it, and each kind has settings of its own."""


def in_full(given):
    """Return the mapping that a plain word is short for; what is no word as it is."""
    return {"kind": given} if isinstance(given, str) else given


def check_settings(section, takes, called):
    """Raise ValueError where a section (Params) has a setting, not None, that its kind does not take.

    ``takes`` are the names of those that it takes, ``called`` what the error calls the kind."""
    given = {name for name, value in section if name != "kind" and value is not None}
    if strange := sorted(given - set(takes)):
        can = f"takes {', '.join(takes)}" if takes else "takes no settings"
        raise ValueError(f"{called} {can}; got {', '.join(strange)}")
