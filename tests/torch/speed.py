"""How fast PyTorch trains and infers with the network of a YAML file, on random images: prints one
JSON object of images/s. Run by compare_speed.py, which sets the environment PyTorch is fastest in."""

import argparse
import json
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
    import yaml
    from torch import nn
except ImportError as missing:
    print(f"error: {missing}; on Debian: apt install python3-torch python3-yaml", file=sys.stderr)
    sys.exit(2)

from networks import pair

INPUT = (1, 28, 28)
ROUNDS = 9
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def load(path):
    """The configuration, every layer as (kind, options), named ones and unnamed alike."""
    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    layers = [(layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
              for layer in config["network"]]
    return config, layers


def build(layers):
    """The layers as an nn.Sequential whose weights have the names they have in a model file."""
    model, x = nn.Sequential(), torch.zeros(1, *INPUT)
    for i, (kind, options) in enumerate(layers):
        if kind == "fc" and x.dim() > 2:
            model.add_module(f"flatten{i}", nn.Flatten())
            x = x.flatten(1)
        module = make(kind, options, x)
        model.add_module(options.get("name", f"{kind}{i}"), module)
        x = module(x)
    return model


def make(kind, options, x):
    """One layer that takes x. Only what PyTorch has as one fast module."""
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind]()
    if kind == "fc":
        return nn.Linear(x.shape[1], options["count"])
    kernel, pad = pair(options["kernel"]), pair(options.get("pad", 0))
    if kind == "conv":
        return nn.Conv2d(x.shape[1], options["count"], kernel, pair(options.get("stride", 1)), pad)
    if kind == "pool" and pad == (0, 0):
        pool = nn.MaxPool2d if options["type"] == "max" else nn.AvgPool2d
        return pool(kernel, pair(options.get("stride", options["kernel"])))
    raise ValueError(f"{kind} {options}: has no counterpart here")


def images_per_second(call, batch, seconds):
    """Median over rounds; the first calls, in which PyTorch compiles and caches, do not count."""
    for _ in range(5):
        call()
    rates = []
    for _ in range(ROUNDS):
        begin, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - begin < seconds / ROUNDS:
            call()
            calls += 1
        rates.append(batch * calls / (time.perf_counter() - begin))
    return statistics.median(rates)


def time_training(layers, batch, seconds):
    model = build(layers).to(memory_format=torch.channels_last)
    solver = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4)
    x = torch.rand(batch, *INPUT).contiguous(memory_format=torch.channels_last)
    y = torch.randint(0, 10, (batch,))

    def step():
        solver.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        solver.step()

    return images_per_second(step, batch, seconds)


def time_inference(layers, batch, seconds, threads):
    """The best of optimize_for_inference and of plain calls in channels_last, with all threads and,
    a few images being too little to share, with one."""
    model = build(layers).eval()
    x = torch.rand(batch, *INPUT)
    last = {"memory_format": torch.channels_last}
    scripted = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.script(model)))
    plain, x_last = build(layers).eval().to(**last), x.contiguous(**last)
    calls = [lambda: scripted(x), lambda: plain(x_last)]
    best = 0.0
    with torch.no_grad():
        for count in sorted({1, threads}) if batch < threads else [threads]:
            torch.set_num_threads(count)
            for call in calls:
                best = max(best, images_per_second(call, batch, seconds / len(calls)))
    torch.set_num_threads(threads)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="for each figure")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    config, layers = load(options.config)
    time_of = lambda batch: time_inference(layers, batch, options.seconds, options.threads)
    print(json.dumps({
        "training": time_training(layers, config["training"]["batch"], options.seconds),
        "inference at batch 64": time_of(64),
        "inference at batch 1": time_of(1),
        "version": torch.__version__}))


if __name__ == "__main__":
    main()
