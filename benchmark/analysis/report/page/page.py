"""The report as one page, results/<study>/report.html: no file beside it, no request to anywhere.

The page's policy (Content-Security-Policy) allows its own style and script alone, by their digests, and pictures and
sounds that are inside it; so a name that holds markup could do nothing even if it were not escaped."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.analysis.report.page.data_card import data_card
from benchmark.analysis.report.page.drawings import drawings
from benchmark.analysis.report.page.examples import examples
from benchmark.analysis.report.page.models import model_parts
from benchmark.analysis.report.page.provenance import provenance
from benchmark.analysis.report.page.summary import banner, facets, key_facts
from benchmark.analysis.tables.columns import Output
from benchmark.analysis.tables.description import describe, failures, warnings
from benchmark.analysis.tables.naming import origin
from spectrograms.files import write_text

TEMPLATES = Path(__file__).parent / "templates"
NAME = "report.html"
PLACES = ("summary", "comparison", "pairs")  # where drawings of the whole study stand
POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src '{style}'; script-src '{script}'; "
    "base-uri 'none'; form-action 'none'"
)


def write_page(results, tables, figures):
    """Write the page into the results folder, whole or not at all, and return its path.

    results: :class:`benchmark.store.results.Results`; tables: its :class:`analysis.tables.registry.Tables`; figures: of
    :func:`benchmark.analysis.plots.figures.write_figures`, on disk."""
    path = results.folder / NAME
    write_text(path, render(content(results, tables, figures)))
    return path


def content(results, tables, figures):
    """Return what the page's template shows, a dict."""
    failed, comparison, shown = failures(results), tables["comparison"], examples(results, tables["per_clip"])
    return {
        "study": results.study["name"],
        "origin": origin(results),
        "banner": banner(results, failed),
        "facts": key_facts(results, comparison),
        "described": describe(results)[len(warnings(results)) :],
        "drawings": {place: drawings(figures, place, origin(results)) for place in PLACES},
        "comparison": tables.render("comparison", Output.PAGE),
        "facets": facets(results, comparison),
        "parity": tables.render("parity", Output.PAGE),
        "pairwise": tables.render("pairwise", Output.PAGE),
        "models": model_parts(results, tables, figures, shown, failed),
        "examples": shown,
        "further": [table for spec in tables.specs.values()
                    if spec.further and spec.columns and (table := tables.render(spec.name, Output.PAGE))],
        "data_card": data_card(results),
        "provenance": provenance(results),
    }  # fmt: skip


def render(shown):
    """Return the page as HTML; shown: of :func:`content`. Every text is escaped, but for the page's own style and
    script."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    own = {
        "policy": POLICY.format(style=digest(style), script=digest(script)),
        "style": Markup(style),
        "script": Markup(script),
    }
    return environment.get_template("page.html.j2").render(shown | own)


def digest(text):
    """Return the SHA-256 of a text as a policy names it: 'sha256-' and Base64."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"
