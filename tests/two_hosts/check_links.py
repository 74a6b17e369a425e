#!/usr/bin/env python3
"""Is cnn-bench --ranks right about training over a link?

Each rank is a host of its own: a network namespace whose link to a switch has a rate (tc tbf) in both directions. The switch is
a bridge, or a relay that keeps each frame for a while. Ranks of one thread train for some steps over links of several rates and
latencies, by turns with estimates for these links; ranks beyond the number of processors share them, and their computation
takes as many times longer. Prints measured and estimated milliseconds a step;
exit code 1 if one is further off than 15 %, 77 where namespaces, tc or MPI are missing. Needs root.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST_ERROR = 0.15
LATENCY = 50e-6  # seconds, of a message between two processes over a pair of veth
RELAY = ROOT / "tests/two_hosts/relay.py"
# network, batch, ranks, rate, seconds in the relay
RUNS = [("lenet", 512, 2, "1Gbit", 0), ("lenet", 512, 2, "100Mbit", 0), ("lenet", 512, 3, "100Mbit", 0),
        ("lenet", 512, 4, "100Mbit", 0), ("lenet", 512, 8, "50Mbit", 0), ("vgg-small", 64, 2, "1Gbit", 0),
        ("vgg-small", 128, 2, "300Mbit", 0), ("few_values", 64, 2, "1Gbit", 0.002), ("few_values", 128, 4, "1Gbit", 0.005),
        ("few_values", 64, 2, "1Gbit", 0.02)]


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


class Hosts:
    """Namespaces cnn-test-1 … with addresses 10.77.0.1 …, joined by a bridge or relay in a namespace of its own."""

    def __init__(self, count, rate, delay):
        self.names = ["cnn-test-switch"] + [f"cnn-test-{i}" for i in range(1, count + 1)]
        self.relay = None
        try:
            self.join(rate)
            if delay > 0:
                self.start_relay(delay)
        except BaseException:
            self.remove()
            raise

    def join(self, rate):
        for name in self.names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        switch = self.names[0]
        run("ip", "-n", switch, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", switch, "link", "set", "bridge", "up")
        for i, name in enumerate(self.names[1:], 1):
            run("ip", "link", "add", f"cnn-{i}", "netns", name, "type", "veth", "peer", "name", f"port-{i}", "netns", switch)
            run("ip", "-n", switch, "link", "set", f"port-{i}", "master", "bridge", "up")
            run("ip", "-n", name, "addr", "add", f"10.77.0.{i}/24", "dev", f"cnn-{i}")
            run("ip", "-n", name, "link", "set", f"cnn-{i}", "up")
            for where, device in ((name, f"cnn-{i}"), (switch, f"port-{i}")):
                # A short queue: acknowledgements of one direction do not wait behind all data of the other.
                run("tc", "-n", where, "qdisc", "add", "dev", device, "root", "tbf", "rate", rate.lower(), "burst", "128kb",
                    "latency", "60ms")

    def start_relay(self, delay):
        for i, name in enumerate(self.names[1:], 1):
            run("ip", "-n", self.names[0], "link", "set", f"port-{i}", "nomaster")
            # Ends at once: for what the device leaves to hardware.
            run("ip", "netns", "exec", name, RELAY, 0, f"cnn-{i}", input=b"", stdout=subprocess.DEVNULL)
        ports = [f"port-{i}" for i in range(1, len(self.names))]
        self.relay = subprocess.Popen(["ip", "netns", "exec", self.names[0], RELAY, str(delay), *ports], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.relay.stdout.readline()

    def remove(self):
        if self.relay:
            self.relay.communicate()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def measure(options, config, batch, ranks, rate, delay, work):
    """Seconds of a step of cnn-train on so many hosts."""
    out = work / "run"
    shutil.rmtree(out, ignore_errors=True)
    agent = ROOT / "tests/two_hosts/agent.sh"
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_hwloc_base_binding_policy="none")
    with Hosts(ranks, rate, delay):
        hosts = ",".join(f"10.77.0.{i}:1" for i in range(1, ranks + 1))
        subprocess.run([agent, "10.77.0.1", "exec", "mpirun.openmpi", "--mca", "plm_rsh_agent", agent, "--host", hosts,
                        "--mca", "oob_tcp_if_include", "10.77.0.0/24", "--mca", "btl_tcp_if_include", "10.77.0.0/24",
                        "-n", str(ranks), options.bin / "cnn-train", "--quiet", "--config", config, "--data", options.data,
                        "--threads", "1", "--set", f"training.batch={batch}", "--set", f"training.steps={options.steps}",
                        "--out", out], check=True, env=environment, stdout=subprocess.DEVNULL)
    rows = [line.split(",") for line in (out / "metrics.csv").read_text().splitlines()]
    return sum(float(row[rows[0].index("seconds")]) for row in rows[1:]) / options.steps


def estimate(options, config, batch, ranks, rate, delay):
    report = json.loads(run(options.bin / "cnn-bench", "--config", config, "--batch", batch, "--threads", 1, "--seconds", 1,
                            "--ranks", f"1-{ranks}", "--link", f"{rate},{1e6 * (LATENCY + delay):.0f}us", "--json", stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL).stdout)
    row = next(row for row in report["ranks"] if row["ranks"] == ranks)
    turns = max(1, ranks / len(os.sched_getaffinity(0)))
    return (row["step_seconds"] - row["exchange_seconds"]) * turns + row["exchange_seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=ROOT / "build/release/bin", type=Path)
    parser.add_argument("--data", default=os.environ.get("MNIST_DIR", ROOT / "data/mnist"), type=Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--steps", default=20, type=int)
    options = parser.parse_args()
    missing = [name for name in ("ip", "tc", "mpirun.openmpi") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print("skipped: needs root, and " + ", ".join(missing or ["nothing else"]))
        return 77
    print(f"{'network':<10} {'batch':>5} {'ranks':>5} {'rate':>8} {'relay ms':>8} {'measured ms':>12} {'estimated ms':>13} {'ratio':>6}")
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        for name, batch, ranks, rate, delay in RUNS:
            config = next(path for path in (ROOT / f"configs/{name}.yaml", Path(__file__).with_name(f"{name}.yaml"))
                          if path.exists())
            how = (options, config, batch, ranks, rate, delay)
            pairs = [(measure(*how, Path(work)), estimate(*how)) for _ in range(options.rounds)]
            measured, estimated = (statistics.median(values) for values in zip(*pairs))
            ratio = statistics.median(e / m for m, e in pairs)
            wrong += abs(ratio - 1) > LARGEST_ERROR
            print(f"{name:<10} {batch:>5} {ranks:>5} {rate:>8} {1e3 * delay:>8.0f} {1e3 * measured:>12.1f} "
                  f"{1e3 * estimated:>13.1f} {ratio:>6.2f}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
