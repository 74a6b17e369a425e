"""Compares cnn-bench with PyTorch at its best settings: the same networks on the same machine, by
turns. First checks that both compute the same. Prints a table. See README.md."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIGS = HERE.parent.parent / "configs"
# PyTorch's BLAS and its own threads share one pool only with OpenBLAS' OpenMP build.
OPENMP_BLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
LOSS_TOLERANCE = 1e-5  # relative, of a sum of some hundreds of floats
CHECKED_IMAGES = 64


def plain_environment():
    """Ours, and what OpenBLAS chooses is left to it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def torch_environment(threads):
    """One pool of bound threads, the widest vectors, and an allocator that keeps its pages: without
    the last, page faults cost PyTorch up to a quarter of its speed."""
    wide = "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    environment = plain_environment() | {
        "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "true",
        "ATEN_CPU_CAPABILITY": "avx512" if wide else "avx2",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
        "MALLOC_TOP_PAD_": str(1 << 28)}
    if wide:
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"
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
    import torch.nn.functional as F

    import files
    import reference
    import speed

    config, layers = speed.load(config_path)
    torch.manual_seed(1)
    model = speed.build(layers)
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (CHECKED_IMAGES, *speed.INPUT), dtype=np.uint8)
    labels = rng.integers(0, 10, CHECKED_IMAGES, dtype=np.uint8)
    with torch.no_grad():
        for w in model.parameters():
            w.mul_(2)  # or all outputs are near 0 and any network's loss near ln 10
        x = reference.preprocess(config["data"], images, images, torch.float32)
        theirs = float(F.cross_entropy(model(x), torch.tensor(labels, dtype=torch.int64)))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part in ("train", "t10k"):
            files.write_idx(folder / f"{part}-images-idx3-ubyte", images[:, 0])
            files.write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
        files.write_safetensors(folder / "weights.safetensors",
                                {name: w.numpy() for name, w in model.state_dict().items()})
        run([bin_folder / "cnn-train", "--config", config_path, "--data", folder, "--weights",
             folder / "weights.safetensors", "--out", folder / "run", "--quiet", "--set",
             "training.steps=1", "--set", f"training.batch={CHECKED_IMAGES}"], plain_environment())
        rows = (folder / "run" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    ours = float(dict(zip(rows[0].split(","), rows[1].split(",")))["train_loss"])
    return ours, theirs


def measure_ours(config_path, threads, seconds, bin_folder, pinned):
    bench = lambda *more: json.loads(run(
        [*pinned, bin_folder / "cnn-bench", "--config", config_path, "--threads", threads,
         "--seconds", seconds, "--json", *more], plain_environment()))
    training = bench()
    inference = training if training["batch"] == 64 else bench("--batch", 64)
    return {"training": training["train_images_per_second"],
            "inference at batch 64": inference["inference_images_per_second"],
            "inference at batch 1": bench("--batch", 1)["inference_images_per_second"],
            "version": training["blas"]}


def measure_theirs(config_path, threads, seconds, pinned):
    return json.loads(run([*pinned, sys.executable, HERE / "speed.py", config_path, "--threads",
                           threads, "--seconds", seconds], torch_environment(threads)))


def compare(name, threads, options):
    """Prints a network's rows for a number of threads."""
    config_path = CONFIGS / f"{name}.yaml"
    processor = min(os.sched_getaffinity(0))
    pinned = ["taskset", "-c", processor] if threads == 1 else []
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(measure_ours(config_path, threads, options.seconds, options.bin, pinned))
        theirs.append(measure_theirs(config_path, threads, options.seconds, pinned))
    for what in (key for key in ours[0] if key != "version"):
        ratios = [a[what] / b[what] for a, b in zip(ours, theirs)]
        median = lambda runs: statistics.median(r[what] for r in runs)
        print(f"| {name} | {what} | {threads} | {median(ours):,.0f} | {median(theirs):,.0f} "
              f"| **{statistics.median(ratios):.2f}** | {min(ratios):.2f} - {max(ratios):.2f} |",
              flush=True)
    return ours[0]["version"], theirs[0]["version"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", metavar="NET", help="names in configs/, without .yaml")
    parser.add_argument("--bin", type=Path, required=True, help="folder of cnn-bench and cnn-train")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, of which medians are taken")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure of a turn")
    options = parser.parse_args()
    nets = options.nets or ["lenet", "lenet5", "vgg-small"]
    for name in nets:
        if not (CONFIGS / f"{name}.yaml").is_file():
            parser.error(f"no {name}.yaml in {CONFIGS}")
    for name in nets:
        ours, theirs = check_same(CONFIGS / f"{name}.yaml", options.bin)
        print(f"{name}: loss of the same batch with the same weights: {ours:.7f}, PyTorch {theirs:.7f}")
        if abs(ours - theirs) > LOSS_TOLERANCE * abs(theirs):
            sys.exit("error: they do not compute the same")
    print("\n| network | what | threads | images/s | PyTorch | ratio | from - to |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    for name in nets:
        for threads in options.threads:
            versions = compare(name, threads, options)
    print(f"\n{versions[0]}; PyTorch {versions[1]}; median of {options.rounds} ratios")


if __name__ == "__main__":
    main()
