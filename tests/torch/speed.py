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

MNIST = (1, 28, 28)
CLASSES = 10
ROUNDS = 9
ACTIVATIONS = {"relu": nn.ReLU, "relu6": nn.ReLU6, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
               "leaky_relu": nn.LeakyReLU, "elu": nn.ELU}


def pair(value):
    """A YAML value N or [height, width] as (height, width)."""
    return tuple(value) if isinstance(value, list) else (value, value)


def load(path):
    """The configuration, and its layers as dictionaries with `kind` and `name`; `from` is a list of
    names, and empty where a layer takes what the one before it gives."""
    with open(path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    layers = []
    for i, layer in enumerate(config["network"]):
        kind, options = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
        sources = options.get("from", [])
        layers.append({"name": f"{kind}{i}", **options, "kind": kind,
                       "from": [sources] if isinstance(sources, str) else sources})
    return config, layers


def input_shape(config):
    """(channels, height, width) of what the network gets: `size` and `colour` of its data, or MNIST's."""
    data = config["data"]
    if "size" not in data:
        return MNIST
    return (3 if data.get("colour") == "rgb" else 1, *pair(data["size"]))


class Network(nn.Module):
    """The layers of a YAML file, whose weights have the names that they have in a model file."""

    def __init__(self, layers, shape):
        super().__init__()
        self.layers = layers
        shapes, x = {}, torch.zeros(1, *shape)
        for layer in layers:
            inputs = [shapes[name] for name in layer["from"]] or [x]
            module = self.make(layer, inputs[0])
            if module is not None:
                self.add_module(layer["name"], module)
            x = shapes[layer["name"]] = torch.zeros(self.apply_layer(layer, inputs).shape)
        self.train()

    @staticmethod
    def make(layer, x):
        """The module of one layer that takes x, or None for what is a function."""
        kind, take = layer["kind"], layer.get
        if kind in ACTIVATIONS:
            return ACTIVATIONS[kind]()
        if kind == "conv":
            return nn.Conv2d(x.shape[1], take("count"), pair(take("kernel")), pair(take("stride", 1)),
                             pair(take("pad", 0)), pair(take("dilation", 1)), take("groups", 1),
                             take("bias", True))
        if kind == "pool":
            kernel = pair(take("kernel", list(x.shape[2:])))
            options = {"stride": pair(take("stride", list(kernel))), "padding": pair(take("pad", 0)),
                       "ceil_mode": take("round") == "ceil"}
            if take("type") == "max":
                return nn.MaxPool2d(kernel, **options)
            return nn.AvgPool2d(kernel, count_include_pad=False, **options)
        if kind == "batch_norm":
            return nn.BatchNorm2d(x.shape[1], take("epsilon", 1e-5))
        if kind == "dropout":
            return nn.Dropout(take("rate", 0.5))
        if kind == "fc":
            return nn.Linear(x[0].numel(), take("count"), take("bias", True))
        if kind in ("add", "concat"):
            return None
        raise ValueError(f"{kind} has no counterpart here")

    def apply_layer(self, layer, inputs):
        if layer["kind"] == "add":
            return sum(inputs[1:], inputs[0])
        if layer["kind"] == "concat":
            return torch.cat(inputs, dim=1)
        x = inputs[0].flatten(1) if layer["kind"] == "fc" else inputs[0]
        return getattr(self, layer["name"])(x)

    def forward(self, x):
        outputs = {}
        for layer in self.layers:
            inputs = [outputs[name] for name in layer["from"]] or [x]
            x = outputs[layer["name"]] = self.apply_layer(layer, inputs)
        return x.flatten(1)


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


def time_training(make_network, shape, batch, seconds):
    """The better of PyTorch's two layouts."""
    y, best = torch.randint(0, CLASSES, (batch,)), 0.0
    for layout in (torch.channels_last, torch.contiguous_format):
        model = make_network().to(memory_format=layout)
        solver = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4)
        x = torch.rand(batch, *shape).contiguous(memory_format=layout)

        def step(model=model, solver=solver, x=x):
            solver.zero_grad(set_to_none=True)
            F.cross_entropy(model(x), y).backward()
            solver.step()

        best = max(best, images_per_second(step, batch, seconds / 2))
    return best


def compiled(model, x):
    """TorchScript's best for inference: some versions cannot optimise every network."""
    frozen = torch.jit.freeze(torch.jit.trace(model, x))
    try:
        optimized = torch.jit.optimize_for_inference(frozen)
        for _ in range(3):
            optimized(x)
        return optimized
    except RuntimeError:
        return frozen


def time_inference(make_network, shape, batch, seconds, threads):
    """The best of TorchScript and of plain calls in channels_last, with all threads and, a few
    images being too little to share, with one."""
    last = {"memory_format": torch.channels_last}
    x = torch.rand(batch, *shape)
    x_last, plain = x.contiguous(**last), make_network().eval().to(**last)
    best = 0.0
    with torch.inference_mode():
        scripted = compiled(make_network().eval(), x)
        calls = [lambda: scripted(x), lambda: plain(x_last)]
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
    parser.add_argument("--onnx", metavar="FILE", help="write the network as ONNX, and measure nothing")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    config, layers = load(options.config)
    shape = input_shape(config)
    make_network = lambda: Network(layers, shape)
    if options.onnx:
        torch.onnx.export(make_network().eval(), torch.zeros(1, *shape), options.onnx, input_names=["x"],
                          output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, opset_version=13)
        return
    time_of = lambda batch: time_inference(make_network, shape, batch, options.seconds, options.threads)
    print(json.dumps({
        "training": time_training(make_network, shape, config["training"]["batch"], options.seconds),
        "inference at batch 64": time_of(64),
        "inference at batch 1": time_of(1),
        "version": "PyTorch " + torch.__version__}))


if __name__ == "__main__":
    main()
