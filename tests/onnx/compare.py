"""The probe's models, read by others: compare.py FOLDER. python3-onnx checks each file, infers its shapes and writes it
again, to the same bytes; OpenCV, where it is installed, runs those with float input. Ends with code 77 without python3-onnx."""

import json
import sys
from pathlib import Path

if len(sys.argv) < 2:
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)

try:
    import numpy
    import onnx
except ImportError:
    print("python3-onnx is not installed")
    sys.exit(77)
try:
    import cv2
except ImportError:
    cv2 = None

LARGEST, DIFFERENCE = 30, 1e-5


def check(path, batch):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    assert model.SerializeToString(deterministic=True) == path.read_bytes(), f"{path}: other bytes than protobuf's"
    for output in inferred.graph.output:
        first = output.type.tensor_type.shape.dim[0]
        assert (first.dim_value or first.dim_param) == batch, path
    props = {p.key: p.value for p in model.metadata_props}
    assert props["task"] == "classify" and json.loads(props["names"]), path
    names = [n.name for n in model.graph.node] + [t.name for t in model.graph.initializer]
    assert len(names) == len(set(names)), f"{path}: two things have one name"


def run_opencv(path, case, folder):
    """The largest difference of probabilities, or why OpenCV does not run the model."""
    pixels = numpy.fromfile(folder / f"{case['name']}.pixels", "uint8").reshape([case["images"], *case["shape"]])
    expected = numpy.fromfile(folder / f"{case['name']}.probabilities", "float32").reshape([case["images"], -1])
    logits = numpy.fromfile(folder / f"{case['name']}.logits", "float32").reshape([case["images"], -1])
    try:
        net = cv2.dnn.readNetFromONNX(str(path))
        worst = 0.0
        for x, p, z in zip(pixels, expected, logits):
            net.setInput(x[None].astype("float32"), "image")
            found = net.forward("probabilities")
            if abs(z).max() <= LARGEST:
                worst = max(worst, float(abs(found.reshape(-1) - p).max()))
        return worst
    except cv2.error as error:
        return str(error).strip().split("\n")[0]


def main(folder):
    cases = json.loads((folder / "cases.json").read_text())
    for case in cases:
        check(folder / f"{case['name']}.onnx", "batch")
        check(folder / f"{case['name']}-raw.onnx", "batch")
        check(folder / f"{case['name']}-float.onnx", 1)
    print(f"onnx {onnx.__version__}: {3 * len(cases)} files are sound")
    if cv2 is None:
        print("OpenCV: python3-opencv is not installed")
        return 0
    refused, wrong, worst = [], [], 0.0
    for case in cases:
        result = run_opencv(folder / f"{case['name']}-float.onnx", case, folder)
        if isinstance(result, str):
            refused.append(f"{case['name']}: {result}")
        elif not result <= DIFFERENCE:
            wrong.append(f"{case['name']}: probabilities differ by {result}")
        else:
            worst = max(worst, result)
    print(f"OpenCV {cv2.__version__}: {len(cases) - len(refused) - len(wrong)} of {len(cases)} models agree, "
          f"largest difference {worst:.2e}; {len(refused)} it does not run")
    for line in refused + wrong:
        print(" ", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
