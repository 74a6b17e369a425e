"""Trains random networks with cnn-train and with PyTorch in double precision, from the same weights
on the same batches, and compares the trained weights and cnn-eval's scores. See README.md."""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"error: {missing}; on Debian: apt install python3-torch", file=sys.stderr)
    sys.exit(2)

import files
import networks
import reference
import self_test

UPDATE_TOLERANCE = 2e-3    # of the largest change of a tensor
ROUNDING_FLOOR = 1e-6      # of the largest weight of a tensor: some steps' rounding in float32
LOSS_TOLERANCE = (1e-5, 1e-6)  # relative, absolute
TIE = 1e-5                 # outputs nearer than this, of the largest output, may change places
KINK_MARGIN = 2e-5         # see reference.Kinks; float32 was seen to stray by 2e-6, at most 4e-6
LEAST_UPDATE = 1e-3        # of a tensor's largest weight: less would drown in ROUNDING_FLOOR
LARGEST_LOSS = 50
LARGEST_STRAIN = 0.1       # how much of the tolerance PyTorch itself may need in single precision
ATTEMPTS_PER_NETWORK, ATTEMPTS = 10, 500
TIMEOUT_SECONDS = 120


class Mismatch(Exception):
    """Why a network does not pass, one line a finding."""


def tolerance(wanted, start):
    return (UPDATE_TOLERANCE * np.abs(wanted - start).max()
            + ROUNDING_FLOOR * np.abs(wanted).max())


def deviation(actual, wanted, start):
    """How far `actual` is from `wanted`, in units of what is tolerated: up to 1 passes."""
    return float(np.abs(actual - wanted).max() / tolerance(wanted, start))


def moves(wanted, start):
    return np.abs(wanted - start).max() >= LEAST_UPDATE * np.abs(wanted).max()


def draw(seed):
    """Returns (case, data sets, starting weights, PyTorch's final weights) of the first draw that
    is fit for a comparison: no kink near enough for rounding to decide, every tensor moving, and
    single precision enough for a tenth of the tolerance. A network that fails gets new data and
    weights some times before another is drawn, lest only small ones get through."""
    for attempt in range(ATTEMPTS):
        network_seed = [seed, 0, attempt // ATTEMPTS_PER_NETWORK]
        case = networks.draw_case(np.random.default_rng(network_seed))
        rng = np.random.default_rng([seed, 1, attempt])
        sets, start = networks.draw_images(rng, case), networks.draw_weights(rng, case)
        training = reference.Training(case, sets)
        wanted = {name: w.numpy() for name, w in training.run(start).items()}
        if training.largest_loss > LARGEST_LOSS or training.kinks.nearest < KINK_MARGIN:
            continue
        trained = [name for name in start
                   if networks.is_statistic(name) or training.rates(name)[0] > 0]
        single = reference.Training(case, sets, torch.float32).run(start)
        if trained and all(moves(wanted[name], start[name])
                           and deviation(single[name].numpy(), wanted[name], start[name])
                           <= LARGEST_STRAIN for name in trained):
            return case, sets, start, wanted
    raise Mismatch(f"the oracle found no fit network in {ATTEMPTS} draws (not the program's fault)")


def write_inputs(folder, case, sets, start):
    """Writes the IDX files, config.yaml and start.safetensors."""
    for (part, what), name in networks.file_names(case.config["data"]).items():
        array = sets[part][0 if what == "images" else 1]
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_idx(path, array[:, 0] if what == "images" and case.rank == 3 else array)
    (folder / "config.yaml").write_text(networks.to_yaml(case.config))
    files.write_safetensors(folder / "start.safetensors", start)


def run(program, *arguments):
    """Runs a command and returns its stdout; anything but exit code 0 in time is a Mismatch. A
    negative code is the number of the signal that ended it."""
    command = [str(program), *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
                              errors="replace", check=False)
    except subprocess.TimeoutExpired:
        raise Mismatch(f"no end within {TIMEOUT_SECONDS} s: {shlex.join(command)}") from None
    if done.returncode != 0:
        last_lines = "\n".join(done.stderr.splitlines()[-15:])
        raise Mismatch(f"exit code {done.returncode}: {shlex.join(command)}\n{last_lines}")
    return done.stdout


def train(binaries, folder, threads):
    """Trains into folder/run, always the same path, as it may stand in the model. Returns the
    model's path under a name of its own."""
    out = folder / "run"
    run(binaries / "cnn-train", "--config", folder / "config.yaml", "--weights",
        folder / "start.safetensors", "--out", out, "--threads", threads, "--quiet")
    if not (out / "model.safetensors").is_file():
        raise Mismatch(f"cnn-train ended with code 0 but left no {out / 'model.safetensors'}")
    kept = folder / f"run-threads-{threads}"
    shutil.move(out, kept)
    return kept / "model.safetensors"


def compare_weights(model, case, start, wanted):
    """Returns (worst deviation, its tensor)."""
    tensors, _ = files.read_safetensors(model)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if shapes != case.parameters:
        raise Mismatch(f"{model}: tensors {shapes}, expected {case.parameters}")
    own_alpha = {layer.get("name"): layer.get("alpha") for layer in case.config["network"]}
    findings, worst = [], (0.0, "nothing trained")
    for name, actual in tensors.items():
        if own_alpha[name.split(".")[0]] == 0 and not networks.is_statistic(name):
            if actual.tobytes() != start[name].tobytes():
                findings.append(f"{name}: moved by {np.abs(actual - start[name]).max():.3g} though "
                                "its alpha is 0")
            continue
        ratio = deviation(actual, wanted[name], start[name])
        worst = max(worst, (ratio, name))
        if not ratio <= 1:
            findings.append(explain(name, actual, wanted[name], start[name]))
    if findings:
        findings.append(f"{len(tensors) - len(findings)} of {len(tensors)} tensors are right")
        raise Mismatch("\n".join(findings))
    return worst


def explain(name, actual, wanted, start):
    """One finding: where the tensor is furthest off, and how much of it is."""
    off = np.nan_to_num(np.abs(actual - wanted), nan=np.inf) / tolerance(wanted, start)
    at = np.unravel_index(off.argmax(), off.shape)
    return (f"{name}{list(map(int, at))}: cnn {actual[at]:.9g}, PyTorch {wanted[at]:.9g}, start "
            f"{start[at]:.9g}; {off[at]:.3g} times what is tolerated, {(off > 1).sum()} of "
            f"{off.size} values beyond it; largest update {np.abs(wanted - start).max():.3g}")


def compare_bytes(one, other):
    """The two model files must be the same bytes."""
    if one.read_bytes() == other.read_bytes():
        return
    (tensors, metadata), (tensors2, metadata2) = map(files.read_safetensors, (one, other))
    names = [name for name in tensors if tensors[name].tobytes() != tensors2[name].tobytes()]
    keys = [key for key in {**metadata, **metadata2} if metadata.get(key) != metadata2.get(key)]
    raise Mismatch(f"{one} and {other} differ: tensors {names}, metadata {keys}")


def compare_scores(text, case, sets, weights):
    """text: cnn-eval's JSON; weights: what it scored. An image may count for any class whose output
    ties with its best: all of them, where every ReLU below a bias-free layer is off."""
    try:
        scores = json.loads(text)
        confusion = np.array(scores["confusion"], dtype=int)
        images, correct = int(scores["images"]), int(scores["correct"])
        accuracy, loss = float(scores["accuracy"]), float(scores["loss"])
    except (ValueError, KeyError, TypeError) as error:
        raise Mismatch(f"cnn-eval --json: {error!r} in {text[:300]!r}") from error
    wanted_loss, labels, h = reference.evaluate(case, sets, weights)
    candidates = (h >= h.max(dim=1, keepdim=True).values - TIE * h.abs().max()).numpy()
    ties = candidates.sum(axis=1) > 1
    sure, possible = np.zeros((2, case.classes, case.classes), dtype=int)
    for label, candidate, tie in zip(labels, candidates, ties):
        possible[label] += candidate
        sure[label] += candidate & ~tie

    findings, truth = [], np.bincount(labels, minlength=case.classes)
    if not abs(loss - wanted_loss) <= LOSS_TOLERANCE[0] * abs(wanted_loss) + LOSS_TOLERANCE[1]:
        findings.append(f"loss {loss:.9g}, PyTorch {wanted_loss:.9g}")
    if (confusion.shape != sure.shape or (confusion < sure).any() or (confusion > possible).any()
            or (confusion.sum(axis=1) != truth).any()):
        findings.append(f"confusion {confusion.tolist()}, PyTorch {sure.tolist()} "
                        f"and {ties.sum()} images with ties")
    elif ((images, correct) != (len(labels), np.trace(confusion))
          or abs(accuracy - correct / images) > 1e-9):
        findings.append(f"images {images}, correct {correct}, accuracy {accuracy} do not fit each "
                        f"other, {len(labels)} test images and confusion {confusion.tolist()}")
    names = case.config["data"].get("classes")
    if names and scores.get("classes") != names:
        findings.append(f"classes {scores.get('classes')}, expected {names}")
    if findings:
        raise Mismatch("\n".join(f"cnn-eval: {finding}" for finding in findings))


def check(binaries, folder, case, sets, start, wanted):
    """Returns (worst deviation, its tensor); raises Mismatch or files.FormatError."""
    write_inputs(folder, case, sets, start)
    model = train(binaries, folder, threads=1)
    worst = compare_weights(model, case, start, wanted)
    compare_bytes(model, train(binaries, folder, threads=3))
    scores = run(binaries / "cnn-eval", "--model", model, "--json")
    compare_scores(scores, case, sets, files.read_safetensors(model)[0])
    return worst


def check_seed(binaries, seed, root, keep):
    """Draws and checks one network, prints its line, and returns whether it passed."""
    folder, description = root / f"seed-{seed}", ""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        drawn = draw(seed)
        description = networks.describe(drawn[0])
        ratio, name = check(binaries, folder, *drawn)
    except (Mismatch, files.FormatError) as error:
        print(f"FAIL seed {seed}  {description}")
        print("     " + str(error).replace("\n", "\n     "))
        again = [sys.executable, Path(__file__).resolve(), "--bin", binaries, "--count", 1,
                 "--seed", seed, "--keep", root]
        print(f"     files: {folder}\n     repeat: {shlex.join(map(str, again))}", flush=True)
        return False
    print(f"ok   seed {seed}  {description}  worst {ratio:.4f} {name}", flush=True)
    if not keep:
        shutil.rmtree(folder)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, help="folder of cnn-train and cnn-eval")
    parser.add_argument("--count", type=int, default=20, help="number of networks")
    parser.add_argument("--seed", type=int, default=1, help="of the first network, then counting")
    parser.add_argument("--keep", type=Path, help="keep every network's files here")
    parser.add_argument("--self-test", action="store_true", help="check the reference alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.count < 1 or options.seed < 0:
        parser.error("--count must be at least 1, --seed at least 0")
    seeds = range(options.seed, options.seed + options.count)
    if options.self_test:
        return self_test.main(draw, seeds)
    if options.bin is None:
        parser.error("--bin DIR is needed (or --self-test)")
    for program in ("cnn-train", "cnn-eval"):
        if not (options.bin / program).is_file():
            parser.error(f"{options.bin / program} does not exist; build it, or correct --bin")

    root = (options.keep or Path(tempfile.mkdtemp(prefix="cnn-random-networks-"))).resolve()
    passed = sum(check_seed(options.bin.resolve(), seed, root, options.keep) for seed in seeds)
    failed = options.count - passed
    if not failed and not options.keep:
        shutil.rmtree(root)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
