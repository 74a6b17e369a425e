"""Debian's libonnx-testdata through cnn-import --check: testdata.py CNN_IMPORT [FOLDER]. Prints each case as passed, refused
or wrong, and ends with 1 if one is wrong, with 77 where the data are not installed."""

import subprocess
import sys
from pathlib import Path

if len(sys.argv) < 2:
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)

DEFAULT = "/usr/share/libonnx-testdata/data"


def main(command, folder):
    if not folder.is_dir():
        print("libonnx-testdata is not installed")
        return 77
    counts = {"passed": 0, "refused": 0, "wrong": 0}
    for model in sorted(folder.glob("*/*/model.onnx")):
        for data in sorted(model.parent.glob("test_data_set_*")):
            run = subprocess.run([command, model, "--check", data], capture_output=True, text=True, timeout=60)
            verdict = {0: "passed", 3: "refused"}.get(run.returncode, "wrong")
            counts[verdict] += 1
            said = (run.stdout + run.stderr).strip().split("\n")[0].split(": ", 1)[-1]
            print(f"{verdict}: {model.parent.parent.name}/{model.parent.name}: {said}")
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["wrong"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else DEFAULT)))
