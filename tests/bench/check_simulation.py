#!/usr/bin/env python3
"""Is cnn-bench --simulate-threads right about the threads that this machine has?

Each network is measured in several runs by turns, each of which estimates training on one and two threads and takes real
steps in between. Prints the medians over the runs and their ratio; exit code 1 if one is further off than 10 %.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = {
    "lenet": "configs/lenet.yaml",
    "lenet5": "configs/lenet5.yaml",
    "vgg-small": "configs/vgg-small.yaml",
    "resnet8": "tests/bench/networks/resnet8.yaml",
    "mobile": "tests/bench/networks/mobile.yaml",
    "alex": "tests/bench/networks/alex.yaml",
}
BATCHES = {"alex": 32}
LARGEST_ERROR = 0.1


def measure(binary, name, threads, seconds):
    """Per number of threads, (estimated, measured) images per second."""
    command = [binary, "--config", ROOT / NETWORKS[name], "--batch", str(BATCHES.get(name, 64)), "--json",
               "--seconds", str(seconds), "--simulate-threads", ",".join(map(str, threads))]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    estimated = {row["threads"]: row["images_per_second"] for row in report["simulated"]}
    measured = {row["threads"]: row["images_per_second"] for row in report["measured"]}
    return {n: (estimated[n], measured[n]) for n in measured}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *NETWORKS], help="all, unless some are named")
    parser.add_argument("--bin", default=ROOT / "build/release/bin", type=Path)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--seconds", default=2.0, type=float)
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args()
    threads = [int(n) for n in options.threads.split(",")]
    networks = options.networks or list(NETWORKS)
    found = {(name, n): [] for name in networks for n in threads}
    for _ in range(options.rounds):
        for name in networks:
            for n, pair in measure(options.bin / "cnn-bench", name, threads, options.seconds).items():
                found[name, n].append(pair)
    print(f"{'network':<12} {'threads':>7} {'estimated':>10} {'measured':>10} {'ratio':>6}   ratios of the runs")
    wrong = 0
    for (name, n), pairs in found.items():
        if not pairs:
            continue
        ratio = statistics.median(e / m for e, m in pairs)
        wrong += abs(ratio - 1) > LARGEST_ERROR
        print(f"{name:<12} {n:>7} {statistics.median(e for e, _ in pairs):>10.0f} "
              f"{statistics.median(m for _, m in pairs):>10.0f} {ratio:>6.2f}   "
              + " ".join(f"{e / m:.2f}" for e, m in pairs))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
