"""Where the data that come with the suite lie: in the checkout, or inside the installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def shipped(folder):
    """Return the Path of a folder of the checkout that is installed, too: 'configs' or 'results/published'."""
    # An installed copy first: beside it, in site-packages, another project may have a folder of the same name.
    installed = PACKAGE / "shipped" / folder  # put there by setup.py
    return installed if installed.is_dir() else PACKAGE.parent / folder
