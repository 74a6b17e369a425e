"""Compares cnn-bench with other engines at their best settings: the same networks on the same machine,
by turns. First checks that PyTorch computes the same. Prints a table. See ../bench/README.md."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDERS = (ROOT / "configs", ROOT / "tests" / "bench" / "networks")
# PyTorch's BLAS and its own threads share one pool only with OpenBLAS' OpenMP build.
OPENMP_BLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
LOSS_TOLERANCE = 1e-5  # relative, of a sum of some hundreds of floats
# Keeps ours to AVX2 on a machine that has more, and here BLAS and PyTorch with it.
AVX2_ALONE = os.environ.get("CNN_ISA") == "x86-64-v3"
CHECKED_IMAGES = 32  # one group, of which batch_norm takes its statistics, in whatever order


def plain_environment():
    """Ours, and what OpenBLAS chooses is left to it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    return environment | {"OPENBLAS_CORETYPE": "Haswell"} if AVX2_ALONE else environment


def torch_environment(threads):
    """One pool of bound threads, the widest vectors, and an allocator that keeps its pages: without
    the last, page faults cost PyTorch up to a quarter of its speed."""
    wide = "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8") and not AVX2_ALONE
    environment = plain_environment() | {
        "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "true",
        "ATEN_CPU_CAPABILITY": "avx512" if wide else "avx2",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
        "MALLOC_TOP_PAD_": str(1 << 28)}
    if wide:
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"
    if AVX2_ALONE:
        environment["ONEDNN_MAX_CPU_ISA"] = environment["DNNL_MAX_CPU_ISA"] = "AVX2"
    if Path(OPENMP_BLAS).is_dir():
        environment["LD_LIBRARY_PATH"] = OPENMP_BLAS
    return environment


def run(command, environment):
    """stdout of a command; ends the comparison with its messages if it fails."""
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def check_same(config_path, bin_folder):
    """The loss of one batch through the same weights, here and there. Returns both."""
    # Only here: a process that measures nothing may load PyTorch as it comes.
    import numpy as np
    import torch

    import files
    import reference
    import speed

    config, layers = speed.load(config_path)
    shape = speed.input_shape(config)
    torch.manual_seed(1)
    model = speed.Network(layers, shape)
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (CHECKED_IMAGES, *shape), dtype=np.uint8)
    labels = rng.integers(0, speed.CLASSES, CHECKED_IMAGES, dtype=np.uint8)
    with torch.no_grad():
        for w in model.parameters():
            w.mul_(2)  # or all outputs are near 0 and any network's loss near ln 10
        weights = {name: w.clone() for name, w in model.state_dict().items() if w.dim() > 0}
        x = reference.preprocess({"scale": 1 / 256, **config["data"]}, images, images, torch.float32)
        h = reference.forward(layers, weights, x, reference.Kinks(), found={})
        theirs = float(reference.data_loss(config["loss"], h, torch.tensor(labels, dtype=torch.int64)))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part in ("train", "t10k"):
            files.write_idx(folder / f"{part}-images-idx3-ubyte", images[:, 0] if shape[0] == 1 else images)
            files.write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
        files.write_safetensors(folder / "weights.safetensors",
                                {name: w.numpy() for name, w in weights.items()})
        run([bin_folder / "cnn-train", "--config", config_path, "--data", folder, "--weights",
             folder / "weights.safetensors", "--out", folder / "run", "--quiet", "--set",
             "training.steps=1", "--set", f"training.batch={CHECKED_IMAGES}"], plain_environment())
        rows = (folder / "run" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    ours = float(dict(zip(rows[0].split(","), rows[1].split(",")))["train_loss"])
    return ours, theirs


class Ours:
    """cnn-bench."""
    def __init__(self, options):
        self.bench = options.bin / "cnn-bench"

    def measure(self, config_path, threads, seconds, pinned):
        bench = lambda *more: json.loads(run(
            [*pinned, self.bench, "--config", config_path, "--threads", threads, "--seconds", seconds,
             "--json", *more], plain_environment()))
        training = bench()
        inference = training if training["batch"] == 64 else bench("--batch", 64)
        return {"training": training["train_images_per_second"],
                "inference at batch 64": inference["inference_images_per_second"],
                "inference at batch 1": bench("--batch", 1)["inference_images_per_second"],
                "version": training["blas"]}


class Torch:
    """This machine's PyTorch, or the one in a chroot, as which only root can run it."""
    def __init__(self, root=None):
        self.root = root

    def measure(self, config_path, threads, seconds, pinned):
        more = ["--threads", threads, "--seconds", seconds]
        if self.root is None:
            return json.loads(run([*pinned, sys.executable, HERE / "speed.py", config_path, *more],
                                  torch_environment(threads)))
        with tempfile.TemporaryDirectory(dir=self.root / "tmp") as folder:
            for file in (HERE / "speed.py", config_path):
                shutil.copy(file, folder)
            inside = Path("/") / Path(folder).relative_to(self.root)
            return json.loads(run([*pinned, "chroot", self.root, "python3", inside / "speed.py",
                                   inside / config_path.name, *more], torch_environment(threads)))


class OnnxRuntime:
    """npm's onnxruntime-node, which NODE_PATH names the folder of; inference alone."""
    def measure(self, config_path, threads, seconds, pinned):
        import speed
        config, _ = speed.load(config_path)
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "network.onnx"
            run([sys.executable, HERE / "speed.py", config_path, "--threads", 1, "--seconds", 0,
                 "--onnx", model], plain_environment())
            return json.loads(run([*pinned, "node", ROOT / "tests" / "onnx" / "speed.js", model, threads,
                                   seconds, *speed.input_shape(config)], plain_environment()))


def others(options):
    """The engines that this machine has, by turns with ours; says what it lacks."""
    found = [Torch()]
    if options.torch_root:
        found.append(Torch(options.torch_root))
    node = shutil.which("node")
    if AVX2_ALONE:
        print("ONNX Runtime: not measured; it cannot be kept to AVX2")
    elif node and subprocess.run([node, "-e", 'require("onnxruntime-node")'], capture_output=True,
                               check=False).returncode == 0:
        found.append(OnnxRuntime())
    else:
        print("ONNX Runtime: not measured; npm install --ignore-scripts onnxruntime-node in any folder, "
              "whose node_modules NODE_PATH names")
    return found


def compare(name, config_path, threads, options, engines):
    """Prints a network's rows for a number of threads; returns the versions."""
    processor = min(os.sched_getaffinity(0))
    pinned = ["taskset", "-c", processor] if threads == 1 else []
    turns = [[engine.measure(config_path, threads, options.seconds, pinned) for engine in engines]
             for _ in range(options.rounds)]
    for what in (key for key in turns[0][0] if key != "version"):
        median = lambda at: statistics.median(turn[at][what] for turn in turns)
        best = lambda turn: max(figures.get(what, 0) for figures in turn[1:])
        ratios = [turn[0][what] / best(turn) for turn in turns]
        theirs = " | ".join(f"{median(at):,.0f}" if what in turns[0][at] else "-"
                            for at in range(1, len(engines)))
        print(f"| {name} | {what} | {threads} | {median(0):,.0f} | {theirs} "
              f"| **{statistics.median(ratios):.2f}** | {min(ratios):.2f} - {max(ratios):.2f} |", flush=True)
    return [figures["version"] for figures in turns[0]]


def find(net):
    """The file of a network: a path, or a name in one of FOLDERS."""
    places = [Path(net)] + [folder / f"{net}.yaml" for folder in FOLDERS]
    return next((place.resolve() for place in places if place.is_file()), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", metavar="NET",
                        help="YAML files, or names in configs/ or tests/bench/networks/")
    parser.add_argument("--bin", type=Path, required=True, help="folder of cnn-bench and cnn-train")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, of which medians are taken")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure of a turn")
    parser.add_argument("--torch-root", type=Path, metavar="DIR",
                        help="a root file system with another PyTorch, beside this machine's")
    options = parser.parse_args()
    nets = {net: find(net) for net in options.nets or ["lenet", "lenet5", "vgg-small", "resnet8", "mobile", "alex"]}
    for net, config_path in nets.items():
        if config_path is None:
            parser.error(f"{net}: no such file, and no {net}.yaml in {' or '.join(map(str, FOLDERS))}")
    engines = [Ours(options), *others(options)]
    for net, config_path in nets.items():
        ours, theirs = check_same(config_path, options.bin)
        print(f"{net}: loss of the same batch with the same weights: {ours:.7f}, PyTorch {theirs:.7f}")
        if abs(ours - theirs) > LOSS_TOLERANCE * abs(theirs):
            sys.exit("error: they do not compute the same")
    named = " | ".join(engine.__class__.__name__ for engine in engines[1:])
    print(f"\nimages/s; the ratio is to the best of the others in the same turn\n\n"
          f"| network | what | threads | cnn | {named} | ratio | from - to |\n"
          f"|{' --- |' * (6 + len(engines) - 1)}")
    for net, config_path in nets.items():
        for threads in options.threads:
            versions = compare(net, config_path, threads, options, engines)
    print(f"\n{'; '.join(versions)}; median of {options.rounds} ratios")


if __name__ == "__main__":
    main()
