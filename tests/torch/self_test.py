"""Checks the reference by independent routes: torch's own optimisers, schedulers, clipping and
pooling."""

import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim import SGD, Adam, AdamW, lr_scheduler

import files
import networks
import reference


def check_files(rng):
    """What the writer writes, the reader reads; a file cut short or longer is refused."""
    tensors = {"b.weight": rng.standard_normal((3, 1, 2)).astype(np.float32),
               "a.bias": np.float32([1, 2])}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        files.write_safetensors(path, tensors)
        again, data = files.read_safetensors(path)[0], path.read_bytes()
        assert list(again) == list(tensors)
        assert all((again[name] == tensors[name]).all() for name in tensors)
        for broken in (data[:-1], data + b"\0", data[:7], data.replace(b"F32", b"F16"), data[:40]):
            path.write_bytes(broken)
            try:
                files.read_safetensors(path)
            except files.FormatError:
                continue
            raise AssertionError(f"a broken file was read: {broken!r}")


def check_schedules():
    """Against torch's schedulers, which step from value to value where the reference has closed
    forms; where torch has none, at points whose values the definitions give."""
    steps, per_epoch = 12, 4

    def factors(**schedule):
        return [reference.alpha_factor(schedule, t, steps, per_epoch) for t in range(steps)]

    def torch_factors(scheduler, **options):
        optimiser = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule, values = scheduler(optimiser, **options), []
        for _ in range(steps):
            values.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            schedule.step()
        return values

    pairs = [
        (factors(policy="constant"), [1] * steps),
        (factors(policy="step", gamma=0.5, every=3),
         torch_factors(lr_scheduler.StepLR, gamma=0.5, step_size=3)),
        (factors(policy="step", gamma=0.5, every="2 epochs"),
         torch_factors(lr_scheduler.StepLR, gamma=0.5, step_size=8)),
        (factors(policy="exp", gamma=0.8), torch_factors(lr_scheduler.ExponentialLR, gamma=0.8)),
        (factors(policy="poly", power=1.5),
         torch_factors(lr_scheduler.PolynomialLR, total_iters=steps, power=1.5)),
        (factors(policy="cosine", final=0.1),
         torch_factors(lr_scheduler.CosineAnnealingLR, T_max=steps, eta_min=0.1)),
        (factors(policy="constant", warmup="1 epoch"),
         torch_factors(lr_scheduler.LinearLR, start_factor=1 / 4, total_iters=3)),
        (factors(policy="inv", gamma=1, power=2), [1 / (1 + t) ** 2 for t in range(steps)]),
        (factors(policy="onecycle", peak_at=0.5, start=0.2, final=0.4)[::3], [0.2, 0.6, 1, 0.7]),
    ]
    for ours, theirs in pairs:
        assert np.allclose(ours, theirs, rtol=1e-9, atol=0), (ours, theirs)


def check_pool():
    """Against torch's pooling, which knows only pads of at most half the kernel."""
    x = torch.randn(2, 3, 9, 11, dtype=torch.float64)
    pools = lambda layer: (reference.pool(x, {**layer, "type": kind}, reference.Kinks())
                           for kind in ("max", "avg"))
    for *window, rounding in itertools.product([[2, 3], [4, 2], [3, 3], [2, 2]],
                                               [[1, 2], [3, 2], [4, 5]], [[0, 0], [1, 1]],
                                               ["floor", "ceil"]):
        largest, mean = pools(dict(zip(("kernel", "stride", "pad", "round"), (*window, rounding))))
        ceil = rounding == "ceil"
        assert torch.equal(largest, F.max_pool2d(x, *window, ceil_mode=ceil))
        assert torch.allclose(mean, F.avg_pool2d(x, *window, ceil, count_include_pad=False))
    largest, mean = pools({"global": True})
    assert torch.equal(largest, F.adaptive_max_pool2d(x, 1))
    assert torch.allclose(mean, F.adaptive_avg_pool2d(x, 1))


def torch_optimiser(keys, groups):
    solver, momentum = keys.get("solver", "sgd"), keys.get("momentum", 0)
    if solver in networks.MOMENTS:
        kind = {"adam": Adam, "adamw": AdamW}[solver]
        return kind(groups, betas=(keys.get("beta1", 0.9), keys.get("beta2", 0.999)),
                    eps=keys.get("epsilon", 1e-8))
    return SGD(groups, lr=0.0, momentum=momentum, nesterov=solver == "nesterov")


def run_with_torch(training, start):
    """Training.run by torch's optimiser and LambdaLR. SGD keeps b = mu b + g and subtracts alpha_t
    b: its b is -v / alpha_t, so that mu must be scaled by alpha_(t-1) / alpha_t to keep v's rule.
    Returns {name: tensor}."""
    weights = training.tensors(start)
    momentum = training.config["training"].get("momentum", 0)
    rates = {name: training.rates(name) for name in weights}
    groups = [{"params": [w], "lr": rates[name][0], "weight_decay": rates[name][1]}
              for name, w in weights.items() if w.requires_grad]
    optimiser = torch_optimiser(training.config["training"], groups)
    schedule = lr_scheduler.LambdaLR(optimiser, training.factor)
    average = {name: w.detach().clone() for name, w in weights.items()}
    keys = training.config["training"]
    for step in range(training.case.steps):
        for group in optimiser.param_groups:
            if step > 0 and momentum > 0:
                group["momentum"] = momentum * training.factor(step - 1) / training.factor(step)
        optimiser.zero_grad()
        training.batch_loss(weights, step).backward()
        if keys.get("clip"):
            torch.nn.utils.clip_grad_norm_(weights.values(), keys["clip"])
        optimiser.step()
        share = 1 - min(keys.get("ema", 0), (1 + step) / (10 + step))
        average = {name: a.lerp(weights[name].detach(), share) for name, a in average.items()}
        schedule.step()
    return average


def check_network(case, sets, start, wanted):
    """Returns the largest difference from torch's optimiser, relative to the tensor's update.
    Torch's Nesterov has another v where alpha changes: that is compared at a constant one."""
    if case.config["training"].get("solver") == "nesterov":
        case.config["training"].pop("schedule", None)
        wanted = {name: w.numpy() for name, w in reference.Training(case, sets).run(start).items()}
    actual, worst = run_with_torch(reference.Training(case, sets), start), 0.0
    for name, w in wanted.items():
        update = np.abs(w - start[name]).max()
        difference = np.abs(actual[name].numpy() - w).max()
        worst = max(worst, difference / update if update else math.inf * bool(difference))
    assert worst < 1e-9, (case, worst)
    return worst


def main(draw, seeds):
    """Raises AssertionError at the first disagreement; returns the exit code 0."""
    check_files(np.random.default_rng(0))
    check_schedules()
    check_pool()
    worst = max(check_network(*draw(seed)) for seed in seeds)
    print(f"self-test passed: files, schedules, pooling, {len(seeds)} networks against "
          f"torch.optim (worst {worst:.1e} of the update)")
    return 0
