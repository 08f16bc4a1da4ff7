"""Which code made a result: digests of sources and versions of the libraries that decode and draw, for keys of caches.

A result that is kept is right only as long as the code that made it is the same; a changed comment changes nothing."""

import ast
import sys
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.metadata import version
from pathlib import Path

from spectrograms.params import content_hash

ROOM = Path(__file__).resolve().parent
NO_MATTER = ("__init__.py", "files.py")  # how a file is written changes nothing in it
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache
def decoding():
    """Return 16 hex digits of the code that turns a file into a waveform: this suite's, and the libraries'."""
    import av  # imported late, like all libraries here: reports need digests of other sources alone
    import soundfile
    import soxr

    libraries = [soundfile.__version__, soundfile.__libsndfile_version__, av.__version__, av.library_versions]
    return content_hash(_here("audio"), *libraries, soxr.__version__, soxr.__libsoxr_version__, version("numpy"))


@lru_cache
def reading():
    """Return 16 hex digits of the code that reads a picture's file, whatever format it has."""
    from PIL import features

    decoders = {name: features.version(name) for name in ("jpg", "libtiff", "webp", "zlib")}
    return content_hash(_here("image"), version("pillow"), decoders, version("numpy"))


@lru_cache
def pictures(image):
    """Return 16 hex digits of the code that turns a file of sound into a picture as ``image`` (ImageParams) says."""
    from spectrograms.image import colour_table

    # By value: a new matplotlib that has the same colours changes no picture of style 'pixels'.
    colours = colour_table(image.colormap).tolist()
    libraries = ["scipy", "librosa", *({"specshow": ["matplotlib"]}.get(image.style, []))]
    return content_hash(decoding(), reading(), _here("mel"), colours, [version(name) for name in libraries])


@lru_cache
def source(module):
    """Return the digest of one module's code, without those that it imports."""
    return sources(module, lambda file: False)[module]


def _here(name):
    return sources(f"spectrograms.{name}", lambda file: file.is_relative_to(ROOM) and file.name not in NO_MATTER)


def sources(module, counts):
    """Return {name of module: digest of its code} of a module and of those that it imports, also inside functions.

    ``counts(file)`` says of the Path of an imported module whether it, and what it imports, belongs to it; the module
    itself always does. What has no source in Python, or cannot be found, is left out."""
    found, waiting = {}, [module]
    while waiting:
        name = waiting.pop()
        file = _source_file(name) if name not in found else None
        if file is not None and (name == module or counts(file)):
            tree = ast.parse(file.read_bytes())
            found[name] = _digest(tree)
            package = name if file.name == "__init__.py" else name.rpartition(".")[0]
            waiting += sorted(_imported(tree, package))
    return found


def _source_file(name):
    """Return the Path of a module's source, or None where it has none; nothing is imported to look for it."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if spec is None:
        place, parts = None, name.split(".")
        for n in range(1, len(parts) + 1):
            spec = PathFinder.find_spec(".".join(parts[:n]), place)
            place = getattr(spec, "submodule_search_locations", None)
            if n < len(parts) and place is None:  # a name in a module, which is no module
                return None
    origin = getattr(spec, "origin", None) or ""
    return Path(origin).resolve() if origin.endswith(".py") and Path(origin).is_file() else None


def _imported(tree, package):
    """Return the names of all that a module of ``package`` imports; of 'from a import b' both a and a.b."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
    parents = {name.rsplit(".", n)[0] for name in names for n in range(1, name.count(".") + 1)}
    return names | parents


def _digest(tree):
    """Return the digest of a syntax tree without docstrings.

    It is the same under every Python: fields with nothing in them are left out."""
    tokens, waiting = [], [tree]
    while waiting:  # not recursive: a long chain of elif is as deep as it is long
        node = waiting.pop()
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
        if isinstance(node, ast.AST):
            fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
            tokens.append([type(node).__name__, len(fields)])
            waiting += [part for field in fields for part in field]
        elif isinstance(node, list):
            tokens.append(len(node))
            waiting += node
        else:
            tokens.append(repr(node))
    return content_hash(tokens)
