"""The reference: the same training and scoring in PyTorch, in double precision."""

import math

import torch
import torch.nn.functional as F

from networks import MOMENTS, SHARD, is_statistic, pair, window_count


def alpha_factor(schedule, step, steps, steps_per_epoch):
    """What multiplies every alpha at `step` = 0, 1, ... of a run of `steps`."""
    def in_steps(value):
        return value if isinstance(value, int) else int(value.split()[0]) * steps_per_epoch

    def cosine(begin, end, fraction):
        """From begin (fraction 0) to end (fraction 1) along half a cosine."""
        return end + (begin - end) * (1 + math.cos(math.pi * fraction)) / 2

    def onecycle(s):
        peak = s["peak_at"] * steps
        if step < peak:
            return cosine(s["start"], 1, step / peak)
        return cosine(1, s["final"], (step - peak) / (steps - peak))

    factor = {"constant": lambda s: 1.0,
              "step": lambda s: s["gamma"] ** (step // in_steps(s["every"])),
              "exp": lambda s: s["gamma"] ** step,
              "inv": lambda s: (1 + s["gamma"] * step) ** -s["power"],
              "poly": lambda s: (1 - step / steps) ** s["power"],
              "cosine": lambda s: cosine(1, s["final"], step / steps),
              "onecycle": onecycle}[schedule["policy"]](schedule)
    if "warmup" in schedule:
        factor *= min(1, (step + 1) / in_steps(schedule["warmup"]))
    return factor


class Kinks:
    """How near a run came to a place where rounding decides: `nearest` is the least distance of a
    ReLU's input from 0, and of a max-pool window's two largest, relative to their layer's largest.
    Exact zeros are passed over: they come from switched-off ReLUs or from windows that see padding
    alone, and there no choice changes a gradient."""

    def __init__(self):
        self.nearest = math.inf

    def relu(self, x):
        self._note(x[x != 0].abs(), x)

    def max_pool(self, windows):
        """windows: (n, channels, positions, pixels)"""
        if windows.shape[-1] > 1:
            first, second = windows.topk(2, dim=-1).values.unbind(-1)
            self._note((first - second)[first != 0], first)

    def _note(self, distances, values):
        if distances.numel():
            self.nearest = min(self.nearest, float(distances.min() / values.abs().max()))


def pool(x, layer, kinks):
    """x: (n, channels, h, w). An average counts the real pixels of its window only; a remainder
    that fills no whole stride is dropped, or with `round: ceil` has a window that overhangs."""
    size = x.shape[2:]
    kernel, pad = pair(layer.get("kernel", list(size))), pair(layer.get("pad", 0))
    stride = pair(layer.get("stride", list(kernel)))
    outside = -math.inf if layer["type"] == "max" else math.nan
    beyond = []
    for axis in zip(size, kernel, stride, pad):
        count = window_count(*axis, layer.get("round") == "ceil")
        beyond.append(max(0, (count - 1) * axis[2] + axis[1] - axis[0] - axis[3]))

    def windows(t):  # (n, channels, rows, columns, pixels)
        t = F.pad(t, (pad[1], beyond[1], pad[0], beyond[0]), value=outside)
        return t.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1]).flatten(4)

    pixels = windows(x)
    if layer["type"] == "max":
        kinks.max_pool(pixels.detach().flatten(2, 3))
        return pixels.max(dim=-1).values
    return pixels.nanmean(dim=-1)


def batch_norm(x, layer, weights, found):
    """x: (n, channels, h, w). In training, `found` being a dictionary, each shard is normalised by
    itself, and the statistics that PyTorch finds in it are noted there, their mean weighted by the
    shards' images; in evaluation, `found` being None, the running ones are used."""
    name, epsilon = layer["name"], layer.get("epsilon", 1e-5)
    gain, bias = weights[name + ".weight"], weights[name + ".bias"]
    if found is None:
        return F.batch_norm(x, weights[name + ".running_mean"], weights[name + ".running_var"],
                            gain, bias, eps=epsilon)
    parts = []
    for shard in x.split(SHARD):
        mean, variance = (torch.zeros(x.shape[1], dtype=x.dtype) for _ in range(2))
        parts.append(F.batch_norm(shard, mean, variance, gain, bias, training=True, momentum=1,
                                  eps=epsilon))
        for statistic, value in (("running_mean", mean), ("running_var", variance)):
            key = f"{name}.{statistic}"
            found[key] = found.get(key, 0) + value * len(shard) / len(x)
    return torch.cat(parts)


def forward(layers, weights, x, kinks, found=None):
    """x: (n, channels, h, w). Returns the last layer's output, (n, classes). `found` receives the
    statistics of training; without it, this is evaluation."""
    outputs = {}
    for layer in layers:
        kind, name, sources = layer["kind"], layer.get("name"), layer.get("from", [])
        inputs = [outputs[s] for s in ([sources] if isinstance(sources, str) else sources)] or [x]
        x = inputs[0]
        if kind == "conv":
            x = F.conv2d(x, weights[name + ".weight"], weights.get(name + ".bias"),
                         pair(layer.get("stride", 1)), pair(layer.get("pad", 0)),
                         pair(layer.get("dilation", 1)), layer.get("groups", 1))
        elif kind == "fc":
            x = F.linear(x.flatten(1), weights[name + ".weight"], weights.get(name + ".bias"))
            x = x[:, :, None, None]
        elif kind == "pool":
            x = pool(x, layer, kinks)
        elif kind == "relu":
            kinks.relu(x.detach())
            x = torch.relu(x)
        elif kind == "relu6":
            kinks.relu(x.detach())
            kinks.relu(6 - x.detach())
            x = F.relu6(x)
        elif kind == "leaky_relu":
            kinks.relu(x.detach())
            x = F.leaky_relu(x, layer.get("slope", 0.01))
        elif kind == "elu":
            if layer.get("scale", 1) != 1:  # else its slope has no step at 0
                kinks.relu(x.detach())
            x = F.elu(x, layer.get("scale", 1.0))
        elif kind == "batch_norm":
            x = batch_norm(x, layer, weights, found)
        elif kind in ("sigmoid", "tanh"):
            x = getattr(torch, kind)(x)
        else:
            x = sum(inputs) if kind == "add" else torch.cat(inputs, dim=1)
        outputs[name] = x
    return x.flatten(1)


def data_loss(kind, h, labels, smoothing=0.0, class_weights=None):
    """J without its λ term: averaged over the images. h: (n, classes), class_weights: (classes)"""
    if kind == "softmax_cross_entropy":
        losses = F.cross_entropy(h, labels, reduction="none", label_smoothing=smoothing)
    else:
        y = F.one_hot(labels, h.shape[1]).to(h.dtype)
        losses = ((h - y) ** 2).sum(dim=1) / 2
    return (losses if class_weights is None else losses * class_weights[labels]).mean()


def preprocess(data, images, train_images, dtype=torch.float64):
    """Bytes (n, channels, h, w) to the network's input."""
    x, train = torch.tensor(images, dtype=dtype), torch.tensor(train_images, dtype=torch.float64)
    if data.get("normalize") == "auto":
        mean = train.mean(dim=(0, 2, 3), keepdim=True)
        deviation = ((train - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True).sqrt()
        return (x - mean.to(dtype)) / deviation.to(dtype)
    return data["scale"] * (x - data.get("mean", 0))


def update(training, w, gradient, state, t, alpha, decay):
    """Moves w in step t = 1, 2, ..., by the rule of configs/README.md. `state` are two tensors of
    w's shape, 0 before the first step: a velocity and nothing, or the two moments."""
    solver, (first, second) = training.get("solver", "sgd"), state
    if solver not in MOMENTS:
        momentum, down = training.get("momentum", 0), alpha * (gradient + decay * w)
        first.mul_(momentum).sub_(down)
        w.add_(momentum * first - down if solver == "nesterov" else first)
        return
    if solver == "adamw":
        w.mul_(1 - alpha * decay)
    else:
        gradient = gradient + decay * w
    beta1, beta2 = training.get("beta1", 0.9), training.get("beta2", 0.999)
    first.mul_(beta1).add_((1 - beta1) * gradient)
    second.mul_(beta2).add_((1 - beta2) * gradient ** 2)
    mean, square = first / (1 - beta1 ** t), second / (1 - beta2 ** t)
    w.sub_(alpha * mean / (square.sqrt() + training.get("epsilon", 1e-8)))


def class_weights(case, labels):
    """(classes); balanced ones are n / (K n_k): every class occurs."""
    weights = case.config["training"].get("class_weights", {})
    if weights == "balanced":
        counts = torch.bincount(labels, minlength=case.classes)
        return len(labels) / (case.classes * counts.double())
    return torch.tensor([weights.get(label, 1) for label in range(case.classes)],
                        dtype=torch.float64)


def clipped(gradients, largest):
    """The gradients, together no longer than `largest`; 0 allows any length."""
    norm = math.sqrt(sum(float((g ** 2).sum()) for g in gradients))
    scale = min(1.0, largest / (norm + 1e-6)) if largest else 1.0
    return [g * scale for g in gradients]


class Training:
    """A case ready to be trained; `kinks` and `largest_loss` describe what has run so far."""

    def __init__(self, case, sets, dtype=torch.float64):
        self.case, self.config, self.dtype = case, case.config, dtype
        images, labels = sets["train"]
        self.x = preprocess(case.config["data"], images, images, dtype)
        self.labels = torch.tensor(labels, dtype=torch.int64)
        self.kinks, self.largest_loss = Kinks(), 0.0
        self.class_weights = class_weights(case, self.labels).to(dtype)

    def tensors(self, start):
        """The starting weights {name: float32 array} as tensors; all but the statistics want a
        gradient."""
        return {name: torch.tensor(w, dtype=self.dtype, requires_grad=not is_statistic(name))
                for name, w in start.items()}

    def rates(self, name):
        """(alpha, lambda) of a parameter: its layer's own or the run's; no bias is decayed, nor is
        anything of a batch_norm."""
        layer = next(l for l in self.config["network"] if l.get("name") == name.split(".")[0])
        training = self.config["training"]
        decayed = name.endswith(".weight") and layer["kind"] != "batch_norm"
        decay = layer.get("lambda", training.get("lambda", 0)) if decayed else 0
        return layer.get("alpha", training["alpha"]), decay

    def factor(self, step):
        schedule = self.config["training"].get("schedule", {"policy": "constant"})
        return alpha_factor(schedule, step, self.case.steps, self.case.steps_per_epoch)

    def batch_loss(self, weights, step):
        """The data loss of batch `step`: the images in file order, cut anew each epoch. Moves the
        statistics in `weights` as this step does."""
        batch = self.config["training"]["batch"]
        first = step % self.case.steps_per_epoch * batch
        found = {}
        h = forward(self.config["network"], weights, self.x[first:first + batch], self.kinks, found)
        for name, value in found.items():
            momentum = next(layer.get("momentum", 0.1) for layer in self.config["network"]
                            if layer.get("name") == name.split(".")[0])
            weights[name].lerp_(value, momentum)
        loss = data_loss(self.config["loss"], h, self.labels[first:first + batch],
                         self.config["training"].get("label_smoothing", 0.0), self.class_weights)
        size = abs(float(loss))
        self.largest_loss = max(self.largest_loss, math.inf if math.isnan(size) else size)
        return loss

    def run(self, start):
        """Returns {name: tensor} after the last step: the averages, where there are any."""
        training = self.config["training"]
        weights = self.tensors(start)
        learnt = {name: w for name, w in weights.items() if w.requires_grad}
        state = {name: (torch.zeros_like(w), torch.zeros_like(w)) for name, w in learnt.items()}
        averages = {name: w.detach().clone() for name, w in weights.items()}
        for step in range(self.case.steps):
            gradients = torch.autograd.grad(self.batch_loss(weights, step), list(learnt.values()))
            gradients = clipped(gradients, training.get("clip", 0))
            decay = min(training.get("ema", 0), (1 + step) / (10 + step))
            with torch.no_grad():
                for (name, w), gradient in zip(learnt.items(), gradients):
                    alpha, lambda_ = self.rates(name)
                    update(training, w, gradient, state[name], step + 1,
                           self.factor(step) * alpha, lambda_)
                for name, w in weights.items():
                    averages[name] = averages[name] + (1 - decay) * (w - averages[name])
        return averages


def evaluate(case, sets, weights):
    """Scores the test set with {name: array}. Returns (loss, labels, outputs (n, classes))."""
    x = preprocess(case.config["data"], sets["test"][0], sets["train"][0])
    labels = torch.tensor(sets["test"][1], dtype=torch.int64)
    tensors = {name: torch.tensor(w, dtype=torch.float64) for name, w in weights.items()}
    h = forward(case.config["network"], tensors, x, Kinks())
    return float(data_loss(case.config["loss"], h, labels)), labels, h
