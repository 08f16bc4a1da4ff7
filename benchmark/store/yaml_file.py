"""YAML in which a key may stand once, as YAML 1.2.2, 3.2.1.3, wants it; PyYAML would keep the last of several."""

from pathlib import Path

import yaml

from benchmark.errors import StudyError, did_you_mean


class _Loader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor):
        # Looked at before merge keys (<<) bring in keys that the mapping itself may well give again.
        node, lines = super().compose_mapping_node(anchor), {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            line, name = key.start_mark.line + 1, (key.tag, key.value)
            if name in lines:
                raise yaml.YAMLError(f"the key '{key.value}' stands in line {lines[name]} and again in line {line}")
            lines[name] = line
        return node


def parse(text):
    """Return what a YAML text holds, of plain types. Raises ``yaml.YAMLError``, of a repeated key too."""
    return _Loader(text).get_single_data()


def read_yaml(path):
    """Return the mapping in a YAML file; raise :class:`StudyError` where there is none."""
    try:
        content = parse(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        beside = [file.name for file in Path(path).parent.glob("*.yaml")]
        raise StudyError(f"no file {path}{did_you_mean(Path(path).name, beside)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise StudyError(f"{path}: expected a mapping of keys to values; got {type(content).__name__}")
    return content
