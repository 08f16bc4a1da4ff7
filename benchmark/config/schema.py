"""JSON schemas of studies and networks, with which an editor completes and checks their YAML."""

import json
from pathlib import Path

from benchmark.config.features import FeatureParams
from benchmark.config.networks import feature_names, network_names
from benchmark.config.study import NetworkParams, Study


def write_schemas(folder):
    """Write the JSON schemas of studies, of models' and of features' files into ``folder``; return their paths."""
    schemas = {
        "study.schema.json": _study_schema(),
        "network.schema.json": _network_schema(),
        "features.schema.json": _features_schema(),
    }
    for name, schema in schemas.items():
        (Path(folder) / name).write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
    return [Path(folder) / name for name in schemas]


def _network_schema():
    """Return the schema of a network's file: name and label may be left out, head be its kind."""
    schema = _optional(NetworkParams, "name", "label")
    schema["properties"]["features"] = _features_of(schema)
    _or_short(schema, schema["properties"], "head", "HeadParams")
    _or_short(schema, schema["properties"], "estimator", "EstimatorParams", {"type": "null"})
    _or_short(schema, schema["properties"], "thresholds", "ThresholdParams", {"type": "number"}, {"type": "null"})
    return schema


def _features_schema():
    """Return the schema of a file of features, which may extend a model's."""
    schema = FeatureParams.model_json_schema()
    schema["properties"] |= {"label": {"type": "string"}, "extends": {"enum": network_names()}}
    return schema


def _study_schema():
    """Return the schema of a study file: name may be left out, engine be its kind, models be names or change one, or be
    what ablation or sweep stand for."""
    schema = _optional(Study, "name", "models")
    network = schema["$defs"]["NetworkParams"]
    network["properties"] |= {"extends": {"enum": network_names()}, "features": _features_of(schema)}
    network["required"] = []
    _or_short(schema, schema["properties"], "engine", "EngineParams")
    _or_short(schema, schema["properties"], "thresholds", "ThresholdParams", {"type": "number"})
    _or_short(schema, network["properties"], "head", "HeadParams")
    _or_short(schema, network["properties"], "estimator", "EstimatorParams", {"type": "null"})
    _or_short(schema, network["properties"], "thresholds", "ThresholdParams", {"type": "number"}, {"type": "null"})
    model = {"anyOf": [{"enum": network_names()}, {"$ref": "#/$defs/NetworkParams"}]}
    schema["properties"]["models"]["items"] = model
    schema["anyOf"] = [{"required": [name]} for name in ("models", "ablation", "sweep")]
    return schema


def _features_of(schema):
    """Return the schema of a model's features: a file's name, or a list of names and of mappings that change one."""
    named = schema["$defs"]["NamedFeatures"]
    named["properties"] |= {"extends": {"enum": feature_names()}}
    named["required"] = []
    entry = {"anyOf": [{"enum": feature_names()}, {"$ref": "#/$defs/NamedFeatures"}]}
    return {"anyOf": [{"enum": feature_names()}, {"type": "array", "items": entry, "minItems": 1}]}


def _or_short(schema, properties, name, section, *others):
    """Let a section with a kind also be the plain word of it, or of other types."""
    words = schema["$defs"][section]["properties"]["kind"]["enum"]
    properties[name] = {"anyOf": [{"enum": words}, {"$ref": f"#/$defs/{section}"}, *others]}


def _optional(section, *names):
    schema = section.model_json_schema()
    schema["required"] = [name for name in schema["required"] if name not in names]
    return schema
