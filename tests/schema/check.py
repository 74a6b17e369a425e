"""The schema of cnn-train --print-schema, judged by another program's validator.

Every file of configs/ is valid, with every default spelt out as well. Every mistake of
tests/golden/errors that a schema can see is found.

Usage: check.py CNN-TRAIN SOURCE-DIRECTORY. Exit code 77: python3-jsonschema or python3-yaml is missing.
"""

import json
import pathlib
import re
import subprocess
import sys

if len(sys.argv) != 3:
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

# Mistakes that no schema can see: what a file means as a whole, what --set makes of it, and what a
# reader of YAML makes equal (a number in quotes and without, a repeated key).
NOT_STRUCTURAL = {
    "anchors_and_aliases",
    "default_name_taken",
    "duplicate_key",
    "kernel_too_large",
    "last_layer_not_as_many_as_names",
    "last_layer_too_small",
    "long_line",
    "merge_key",
    "names",
    "override_exclusive",
    "override_path",
    "override_syntax",
    "override_value",
    "pad_not_below_kernel",
    "tags",
    "train_only",
    "unused_layer",
}


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: yes is a text, 1e-2 a number."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def main():
    command, source = sys.argv[1], pathlib.Path(sys.argv[2])

    def output(*arguments):
        return subprocess.run([command, *arguments], check=True, capture_output=True).stdout

    schema = json.loads(output("--print-schema"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    faults = []

    configs = sorted((source / "configs").rglob("*.yaml"))
    for path in configs:
        for text in [path.read_bytes(), output("--config", str(path), "--print-config")]:
            for error in validator.iter_errors(yaml.load(text, Loader)):
                faults.append(f"{path}: {'/'.join(map(str, error.path))}: {error.message}")

    found = 0
    for path in sorted((source / "tests/golden/errors").glob("*.yaml")):
        try:
            value = yaml.load(path.read_bytes(), Loader)
        except (yaml.YAMLError, UnicodeError):
            continue  # no YAML
        if path.stem in NOT_STRUCTURAL:
            continue
        if validator.is_valid(value):
            faults.append(f"{path}: valid by the schema")
        found += 1

    print(f"{len(configs)} configurations, {found} mistakes")
    if len(configs) < 14 or found < 30:
        faults.append("too few files")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
