"""Draws random networks with their data sets and starting weights, and writes their YAML."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

SOLVERS = ["sgd", "nesterov", "adam", "adamw"]
MOMENTS = ["adam", "adamw"]  # those that keep moments instead of a velocity
WINDOW = ("kernel", "stride", "pad", "dilation")
STATISTICS = ("running_mean", "running_var")
SHARD = 32
POLICIES = ["constant", "step", "exp", "inv", "poly", "cosine", "onecycle"]


SOLVER_KEYS = ["alpha", "lambda", "momentum", "beta1", "beta2", "epsilon", "clip", "ema",
               "label_smoothing", "class_weights"]


@dataclass
class Case:
    """One drawn training. `config` is the content of its YAML, a layer being {"kind": kind, key:
    value, ...}; `parameters` maps `<layer>.weight`, `<layer>.bias` and the statistics of batch_norm
    to their shapes."""
    config: dict
    parameters: dict
    input_shape: tuple  # (channels, height, width)
    rank: int           # of the image files: 3 (n, h, w) or 4 (n, channels, h, w)
    classes: int
    train_images: int
    test_images: int

    @property
    def steps_per_epoch(self):
        return -(-self.train_images // self.config["training"]["batch"])

    @property
    def steps(self):
        training = self.config["training"]
        return training.get("steps") or training["epochs"] * self.steps_per_epoch


def pair(value):
    """A YAML value N or [height, width] as (height, width)."""
    return tuple(value) if isinstance(value, list) else (value, value)


def shards(images, batch):
    """The sizes of the shards of one epoch."""
    for first in range(0, images, batch):
        size = min(batch, images - first)
        yield from (min(SHARD, size - start) for start in range(0, size, SHARD))


def is_statistic(name):
    return name.split(".")[1] in STATISTICS


def window_count(size, kernel, stride, pad, ceil):
    """How many windows there are along an axis. With ceil, the last may overhang, if it begins
    within the image."""
    count = (size + 2 * pad - kernel + (stride - 1 if ceil else 0)) // stride + 1
    return count - (ceil and (count - 1) * stride >= size + pad)


def rounded(value):
    """Three significant digits, so that the YAML's decimal is the very number computed with."""
    return float(f"{value:.3g}")


def log_uniform(rng, low, high):
    return rounded(np.exp(rng.uniform(np.log(low), np.log(high))))


class Builder:
    """Appends random layers one by one; `shape` is the (channels, height, width) reached so far."""

    def __init__(self, rng, shape, alpha):
        self.rng, self.shape, self.alpha = rng, shape, alpha
        self.layers, self.parameters, self.counts = [], {}, Counter()
        self.holes = self.chance(0.3)  # are some kernels dilated?
        self.normalising = self.choice([0, 0, 0.5])  # how often a batch_norm follows weights

    def chance(self, probability):
        return self.rng.random() < probability

    def number(self, low, high):
        """An integer of low .. high."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, options):
        return options[self.rng.integers(len(options))]

    def append(self, kind, shape, named=True, **keys):
        self.layers.append({"kind": kind, **keys})
        if named:
            self.last_name()
        self.shape = shape

    def last_name(self):
        """The last layer's name; it is given one now if it had none. The prefix keeps it apart from
        the names that the program gives to nameless layers."""
        layer = self.layers[-1]
        if "name" not in layer:
            self.counts[layer["kind"]] += 1
            layer["name"] = f"my_{layer['kind']}{self.counts[layer['kind']]}"
        return layer["name"]

    def window(self, pooling=False):
        """Draws kernel, stride, pad and dilation that fit `shape`. A pool's pad is less than its
        kernel, so that every window holds a real pixel; it is not dilated."""
        axes = []
        for size in self.shape[1:]:
            pad = self.choice([0, 0, 1, 2])
            kernel = min(self.number(1, 4 if pooling else 5), size + 2 * pad)
            if pooling:
                pad = min(pad, kernel - 1)
                kernel = min(kernel, size + 2 * pad)
            stride = self.choice([kernel, 1, 2, 3] if pooling else [1, 1, 2, 3])
            most = 1 if pooling or kernel == 1 else (size + 2 * pad - 1) // (kernel - 1)
            axes.append((kernel, stride, pad, self.number(1, min(most, 3)) if self.holes else 1))
        return dict(zip(WINDOW, zip(*axes)))

    def same_size_window(self):
        kernel = (self.choice([1, 3, 5]), self.choice([1, 3, 5]))
        return {"kernel": kernel, "stride": (1, 1), "pad": (kernel[0] // 2, kernel[1] // 2),
                "dilation": (1, 1)}

    def window_keys(self, window, default_stride):
        """The window as YAML keys, N or [h, w]; what is the default is mostly left out."""
        defaults = {"kernel": None, "stride": default_stride, "pad": (0, 0), "dilation": (1, 1)}
        return {key: value[0] if value[0] == value[1] and self.chance(0.7) else list(value)
                for key, value in window.items()
                if value != defaults[key] or (key != "dilation" and self.chance(0.3))}

    def output_size(self, window, ceil=False):
        return tuple(window_count(size, dilation * (kernel - 1) + 1, stride, pad, ceil)
                     for size, kernel, stride, pad, dilation in
                     zip(self.shape[1:], *(window[key] for key in WINDOW)))

    def weighted(self, kind, shape, weight_shape, keys):
        """A layer with weights: own alpha (now and then 0), lambda and bias as it happens."""
        if self.chance(0.25):
            own = rounded(self.alpha * self.rng.uniform(0.3, 2))
            keys["alpha"] = 0 if self.chance(0.3) else own
        if self.chance(0.25):
            keys["lambda"] = 0 if self.chance(0.3) else log_uniform(self.rng, 1e-3, 0.1)
        if self.chance(0.4):
            keys["bias"] = self.chance(0.4)
        # A bias right before a batch_norm has no effect and so no gradient.
        normalised = self.chance(self.normalising)
        if normalised:
            keys["bias"] = False
        self.append(kind, shape, **keys)
        self.parameters[f"{self.last_name()}.weight"] = weight_shape
        if keys.get("bias", True):
            self.parameters[f"{self.last_name()}.bias"] = (shape[0],)
        if normalised:
            self.batch_norm()

    def batch_norm(self):
        keys = {}
        if self.chance(0.5):
            keys["momentum"] = rounded(self.rng.uniform(0.05, 1))
        if self.chance(0.5):
            keys["epsilon"] = log_uniform(self.rng, 1e-5, 0.1)
        if self.chance(0.25):
            own = rounded(self.alpha * self.rng.uniform(0.3, 2))
            keys["alpha"] = 0 if self.chance(0.3) else own
        self.append("batch_norm", self.shape, **keys)
        for parameter in ("weight", "bias") + STATISTICS:
            self.parameters[f"{self.last_name()}.{parameter}"] = (self.shape[0],)

    def conv(self, window=None, count=None, **keys):
        window, count = window or self.window(), count or self.number(1, 7)
        keys.update(count=count, **self.window_keys(window, (1, 1)))
        groups = self.choice([g for g in range(1, count + 1)
                              if count % g == 0 and self.shape[0] % g == 0])
        if groups > 1 or self.chance(0.1):
            keys["groups"] = groups
        self.weighted("conv", (count, *self.output_size(window)),
                      (count, self.shape[0] // groups, *window["kernel"]), keys)

    def fc(self, count=None, **keys):
        keys["count"] = count or self.number(3, 12)
        self.weighted("fc", (keys["count"], 1, 1), (keys["count"], int(np.prod(self.shape))), keys)

    def pool(self, types=("max", "avg")):
        keys = {"type": self.choice(types)}
        if self.chance(0.1):
            self.append("pool", (self.shape[0], 1, 1), self.chance(0.5), **keys, **{"global": True})
            return
        window, ceil = self.window(pooling=True), self.chance(0.3)
        keys.update(self.window_keys(window, window["kernel"]))
        if ceil or self.chance(0.1):
            keys["round"] = "ceil" if ceil else "floor"
        self.append("pool", (self.shape[0], *self.output_size(window, ceil)), self.chance(0.5),
                    **keys)

    def activation(self, kinds=("relu", "relu6", "sigmoid", "tanh", "leaky_relu", "elu")):
        kind, keys = self.choice(kinds), {}
        if kind == "leaky_relu" and self.chance(0.7):
            keys["slope"] = rounded(self.rng.uniform(0, 0.5))
        if kind == "elu" and self.chance(0.7):
            keys["scale"] = rounded(self.rng.uniform(0, 2))
        self.append(kind, self.shape, named=False, **keys)

    def branches(self, kind):
        """Two or three layers of `kind` side by side, then their sum or concatenation. One of the
        branches of a convolution may be the bare input."""
        origin, start = self.last_name(), self.shape
        merge, skip = self.choice(["add", "concat"]), kind == "conv" and self.chance(0.4)
        window = self.same_size_window() if skip else self.window()
        count = start[0] if skip else self.number(2, 5)
        inputs, channels = ([origin], start[0]) if skip else ([], 0)
        while len(inputs) < 2 or (len(inputs) == 2 and self.chance(0.2)):
            follows_origin = self.layers[-1].get("name") == origin
            keys = {} if follows_origin and self.chance(0.5) else {"from": origin}
            keys["count"] = count if merge == "add" else self.number(2, 5)
            self.shape = start
            self.conv(window, **keys) if kind == "conv" else self.fc(**keys)
            if self.chance(0.4):
                self.activation()
            inputs.append(self.last_name())
            channels += keys["count"]
        self.rng.shuffle(inputs)
        self.append(merge, (count if merge == "add" else channels, *self.shape[1:]),
                    self.chance(0.5), **{"from": inputs})

    def stage(self):
        """A convolution, or several side by side, with an activation and a pool in either order.
        Max pools occur only here, behind weights: raw bytes would tie."""
        if self.layers and self.chance(0.25):
            self.branches("conv")
        else:
            self.conv()
        followers = [self.activation] * self.chance(0.8) + [self.pool] * self.chance(0.5)
        self.rng.shuffle(followers)
        for follower in followers:
            follower()

    def network(self, classes, loss):
        if self.chance(0.15):
            self.pool(types=("avg",))
        for _ in range(self.number(1, 3)):
            if min(self.shape[1:]) >= 2 or not self.layers:
                self.stage()
        for _ in range(self.number(0, 2)):
            self.branches("fc") if self.chance(0.2) else self.fc()
            if self.chance(0.8):
                self.activation()
        self.normalising = 0
        self.fc(classes)
        if loss == "euclidean" and self.chance(0.5):
            self.activation(("sigmoid", "tanh"))


def draw_case(rng):
    """Draws everything that stands in the YAML, and the sizes of the data set."""
    whole = lambda low, high: int(rng.integers(low, high + 1))
    channels, classes, alpha = whole(1, 3), whole(3, 10), log_uniform(rng, 0.01, 0.3)
    shape = (channels, whole(9, 17), whole(11, 20))
    rank = 3 if channels == 1 and rng.random() < 0.6 else 4
    loss = ["softmax_cross_entropy", "euclidean"][whole(0, 1)]
    builder = Builder(rng, shape, alpha)
    builder.network(classes, loss)

    train_images = whole(20, 60)
    training = {"batch": whole(4, min(36, train_images)), "alpha": alpha, "shuffle": False}
    # A shard of one image has no variance (PyTorch refuses it), one of two hardly any.
    if any(layer["kind"] == "batch_norm" for layer in builder.layers):
        if training["batch"] % SHARD in (1, 2):
            training["batch"] -= training["batch"] % SHARD
        while min(shards(train_images, training["batch"])) < 3:
            train_images += 1
    training.update({"epochs": whole(1, 3)} if rng.random() < 0.2 else {"steps": whole(3, 12)})
    if rng.random() < 0.7:
        training["lambda"] = log_uniform(rng, 1e-3, 0.1)
    training.update(draw_solver(rng, training))
    if rng.random() < 0.25:
        training["clip"] = log_uniform(rng, 0.01, 3)
    if rng.random() < 0.25:
        training["ema"] = rounded(rng.uniform(0, 0.99))
    if rng.random() < 0.25 and loss == "softmax_cross_entropy":
        training["label_smoothing"] = rounded(rng.uniform(0, 0.5))
    if rng.random() < 0.25:
        weights = {label: rounded(rng.uniform(0, 3)) for label in range(classes)
                   if rng.random() < 0.5}
        training["class_weights"] = weights or "balanced"
    if rng.random() < 0.85:
        training["schedule"] = draw_schedule(rng)
    config = {"name": "random", "data": draw_data_keys(rng, rank, classes),
              "network": builder.layers, "loss": loss, "training": training}
    return Case(config, builder.parameters, shape, rank, classes, train_images, whole(10, 30))


def draw_solver(rng, training):
    """The keys of one solver, and an alpha that suits it."""
    solver = SOLVERS[rng.integers(len(SOLVERS))]
    keys = {"solver": solver} if solver != "sgd" or rng.random() < 0.3 else {}
    if solver == "nesterov" or (solver == "sgd" and rng.random() < 0.8):
        keys["momentum"] = rounded(rng.uniform(0.01, 0.95))
    if solver in MOMENTS:
        keys["alpha"] = rounded(training["alpha"] / 10)
        if rng.random() < 0.7:
            keys["beta1"] = rounded(rng.uniform(0, 0.95))
        if rng.random() < 0.7:
            keys["beta2"] = rounded(rng.uniform(0.5, 0.999))
        # An epsilon far below the gradients would make steps of rounding errors: g/|g|.
        keys["epsilon"] = log_uniform(rng, 1e-4, 1e-1)
    return keys


def draw_data_keys(rng, rank, classes):
    suffix = ["", ".gz"][rng.integers(2)]
    name = lambda part, what: f"{part}-{what}{suffix}"
    if rank == 3 and rng.random() < 0.5:
        keys = {"dir": f"idx{suffix}"}  # the usual four names, see file_names
    else:
        keys = {part: {what: name(part, what) for what in ("images", "labels")}
                for part in ("train", "test")}
    if rng.random() < 0.4:
        keys["normalize"] = "auto"
    else:
        keys["scale"] = [0.00390625, 0.01, 0.008][rng.integers(3)]
        if rng.random() < 0.6:
            keys["mean"] = rounded(rng.uniform(20, 200))
    if rng.random() < 0.5:
        keys["classes"] = [f"class {index}" for index in range(classes)]
    return {**keys, "validation": 0}


def file_names(data):
    """{(part, "images" | "labels"): path relative to the YAML} of a configuration's data."""
    if "dir" not in data:
        return {(part, what): data[part][what] for part in ("train", "test")
                for what in ("images", "labels")}
    suffix = ".gz" if data["dir"].endswith(".gz") else ""
    return {(part, what): f"{data['dir']}/{prefix}-{what}-idx{rank}-ubyte{suffix}"
            for part, prefix in (("train", "train"), ("test", "t10k"))
            for what, rank in (("images", 3), ("labels", 1))}


def draw_schedule(rng):
    uniform = lambda low, high: rounded(rng.uniform(low, high))
    span = lambda most: ([int(rng.integers(1, most + 1)), "1 epoch", "2 epochs"][rng.integers(3)])
    policy = POLICIES[rng.integers(len(POLICIES))]
    keys = {"constant": lambda: {},
            "step": lambda: {"gamma": uniform(0.3, 0.9), "every": span(4)},
            "exp": lambda: {"gamma": uniform(0.7, 0.99)},
            "inv": lambda: {"gamma": uniform(0.05, 0.5), "power": uniform(0.5, 1)},
            "poly": lambda: {"power": uniform(0.5, 2)},
            "cosine": lambda: {"final": uniform(0, 0.3)},
            "onecycle": lambda: {"peak_at": uniform(0.2, 0.6), "start": uniform(0, 0.5),
                                 "final": uniform(0, 0.2)}}[policy]()
    warmup = {"warmup": span(5)} if rng.random() < 0.4 else {}
    return {"policy": policy, **keys, **warmup}


def draw_images(rng, case):
    """Returns {part: (images (n, channels, h, w), labels (n))} of unsigned bytes. Every class
    occurs in the training set; channels and classes differ in mean and spread."""
    channels = case.input_shape[0]
    base = rng.uniform(60, 190, (1, channels, 1, 1))
    spread = rng.uniform(15, 60, (1, channels, 1, 1))
    patterns = rng.standard_normal((case.classes, *case.input_shape))
    sets = {}
    for part, count in (("train", case.train_images), ("test", case.test_images)):
        labels = rng.permutation(np.arange(count) % case.classes)
        noise = rng.standard_normal((count, *case.input_shape))
        pixels = np.clip(np.rint(base + spread * (patterns[labels] + noise)), 0, 255)
        sets[part] = pixels.astype(np.uint8), labels.astype(np.uint8)
    return sets


def draw_weights(rng, case):
    """Starting weights in float32; a deviation of gain / √inputs keeps the signal's size."""
    gain = rng.uniform(0.7, 1.6)
    kinds = {layer.get("name"): layer["kind"] for layer in case.config["network"]}

    def start(name, shape):
        if kinds[name.split(".")[0]] == "batch_norm" and name.endswith((".weight", ".running_var")):
            return rng.uniform(0.5, 1.5, shape)
        scale = gain / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.2
        return scale * rng.standard_normal(shape)

    return {name: start(name, shape).astype(np.float32)
            for name, shape in case.parameters.items()}


def to_yaml(config):
    """The configuration as YAML text: sections as blocks, everything deeper in flow style."""
    lines = []
    for key, value in config.items():
        if key == "network":
            lines += ["network:"] + [f"  - {_layer(layer)}" for layer in value]
        elif isinstance(value, dict):
            lines += [f"{key}:"] + [f"  {name}: {_flow(entry)}" for name, entry in value.items()]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _layer(layer):
    keys = {key: value for key, value in layer.items() if key != "kind"}
    return f"{layer['kind']}: {_flow(keys)}" if keys else layer["kind"]


def _flow(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe(case):
    """One line: the input's shape, the layers (count, kernel/stride/pad/dilation as the YAML has
    them, /groups, * for an alpha or lambda of its own), the loss and the solver."""
    return " ".join(["x".join(map(str, case.input_shape)), "->",
                     *map(_short, case.config["network"]), "|", _solver(case)])


def _short(layer):
    text = layer.get("type", "") + layer["kind"] + str(layer.get("count", ""))
    text += "".join(f",{layer[key] if key == 'round' else key}" for key in ("global", "round")
                    if key in layer)
    if "kernel" in layer:
        text += "(" + "/".join(f"{key[0]}{'x'.join(map(str, pair(layer[key])))}"
                               for key in WINDOW if key in layer) + ")"
    if layer.get("groups", 1) > 1:
        text += f"/{layer['groups']}"
    return text + ("*" if "alpha" in layer or "lambda" in layer else "")


def _solver(case):
    training = case.config["training"]
    schedule = training.get("schedule", {"policy": "constant"})
    return ", ".join([
        case.config["loss"].split("_")[0],
        f"{case.steps} steps of {training['batch']} of {case.train_images} images",
        training.get("solver", "sgd"),
        *(f"{key} {training[key]}" for key in SOLVER_KEYS if key in training),
        schedule["policy"] + ("+warmup" if "warmup" in schedule else "")])
