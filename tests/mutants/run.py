"""Plants the faults of faults.txt into a copy of the project, one at a time, and looks for a fast test that notices.

Usage: scripts/mutants.sh [--list | --check] [--work DIR] [FAULT ...]

Exit code 0: every fault was caught. 1: one survived, does not build or no longer fits the source, which --check finds
without planting any; so does a fast test. The copy and its build stay in DIR (default: cnn-mutants in the directory for temporary files), so that only what a fault touches is built again.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = pathlib.Path(__file__).with_name("faults.txt")
NOT_COPIED = {".git", "build", "runs", "__pycache__"}
JOBS = str(os.cpu_count() or 1)
BUILD_SECONDS, TEST_SECONDS, ALL_TESTS_SECONDS = 1800, 120, 1800


@dataclasses.dataclass
class Fault:
    name: str
    what: str
    file: str
    binary: str  # the test binary most likely to notice …
    filter: str  # … and which of its tests
    old: str
    new: str


class Unfit(Exception):
    """A fault that cannot be planted or built."""


def planted(fault, text):
    """Returns what the file's text becomes with the fault."""
    if text.count(fault.old) != 1:
        raise Unfit(f"its text is {text.count(fault.old)} times in {fault.file}")
    return text.replace(fault.old, fault.new)


def read_faults(text):
    """[name] what / file | binary filter / lines as in a diff, - before +; # begins a comment."""
    faults = []
    for block in re.split(r"^(?=\[)", re.sub(r"^#.*\n", "", text, flags=re.M), flags=re.M):
        if not block.strip():
            continue
        head, place, *body = block.rstrip().split("\n")
        name, what = re.fullmatch(r"\[(\w+)\] (.+)", head).groups()
        file, binary, tests = re.fullmatch(r"(\S+) \| (\S+) (\S+)", place).groups()
        old = "\n".join(line[1:] for line in body if line.startswith("-"))
        new = "\n".join(line[1:] for line in body if line.startswith("+"))
        faults.append(Fault(name, what, file, binary, tests, old, new))
    return faults


def sync(source, target):
    """Makes target hold what source holds; leaves equal files, and so their times, alone."""
    target.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in source.iterdir()} - NOT_COPIED
    for stale in {path.name for path in target.iterdir()} - names:
        path = target / stale
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in names:
        here, there = source / name, target / name
        if here.is_dir():
            sync(here, there)
        elif not there.exists() or here.read_bytes() != there.read_bytes():
            shutil.copy(here, there)  # with the time of now


class Copy:
    """The copy of the project and its build."""

    def __init__(self, work):
        self.source, self.build, self.log = work / "source", work / "build", work / "log.txt"
        sync(PROJECT, self.source)
        self.log.write_text("")
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        if self.run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja",
                     "-DCMAKE_BUILD_TYPE=Release", *launcher], BUILD_SECONDS)[0] != 0:
            raise Unfit(f"cannot be configured, see {self.log}")

    def run(self, command, seconds):
        """Returns exit code (None: out of time) and output; keeps the output in the log, too."""
        environment = {**os.environ, "CCACHE_NOHASHDIR": "1"}
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
                    process.wait()
            output.seek(0)
            text = output.read()
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(map(str, command))}\n{text}\n")
        return code, text

    def make(self, *targets):
        options = ["--target", *targets] if targets else []
        if self.run(["cmake", "--build", self.build, "-j", JOBS, *options], BUILD_SECONDS)[0] != 0:
            raise Unfit(f"does not build, see {self.log}")

    def likely_test(self, fault):
        """The first failing test of the binary most likely to notice, or None."""
        self.make(fault.binary)
        binary = next(self.build.rglob(fault.binary))
        code, text = self.run([binary, f"--gtest_filter={fault.filter}", "--gtest_fail_fast"], TEST_SECONDS)
        if code == 0:
            return None
        failed = re.search(r"^\[  FAILED  \] ([^\s,]+)", text, re.M)
        begun = re.findall(r"^\[ RUN      \] (\S+)", text, re.M)
        if failed:
            return failed[1]
        return f"{begun[-1] if begun else fault.binary} ({'hangs' if code is None else 'crashes'})"

    def any_test(self):
        """The first failing one of all fast tests, or None."""
        self.make()
        # Not the test that every fault fits: in this copy it notices every one.
        code, text = self.run(["ctest", "--test-dir", self.build, "-L", "fast", "-E", "^mutants$", "-j", JOBS,
                               "--stop-on-failure"], ALL_TESTS_SECONDS)
        if code == 0:
            return None
        failed = re.search(r"The following tests FAILED:\s*\d+ - (\S+) \(", text)
        return failed[1] if failed else f"ctest, see {self.log}"

    def plant(self, fault):
        """Returns what the file held before."""
        path = self.source / fault.file
        before = path.read_text()
        path.write_text(planted(fault, before))
        return before


def check_unchanged(copy, faults, everything):
    """Without a fault all must be well, or a test's failure would say nothing."""
    if everything:
        failed = copy.any_test()
    else:
        failed = next(filter(None, map(copy.likely_test, faults)), None)
    if failed:
        raise Unfit(f"{failed} fails without any fault, see {copy.log}")


def judge(copy, fault):
    """Returns the result to print and whether it is a good one."""
    try:
        before = copy.plant(fault)
        try:
            noticed = copy.likely_test(fault) or copy.any_test()
        finally:
            (copy.source / fault.file).write_text(before)
    except Unfit as reason:
        return f"UNFIT: {reason}", False
    return noticed or "SURVIVED", noticed is not None


def check(faults):
    """Whether every fault fits the source as it is; prints those that do not."""
    good = True
    for fault in faults:
        try:
            planted(fault, (PROJECT / fault.file).read_text())
        except (Unfit, OSError) as reason:
            good = False
            print(f"fault {fault.name} of {FAULTS.relative_to(PROJECT)} does not fit: {reason}; change one or the other",
                  file=sys.stderr)
    return good


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutants.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name all faults and end")
    parser.add_argument("--check", action="store_true", help="see that all faults fit the source and end")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIR",
                        default=pathlib.Path(tempfile.gettempdir()) / "cnn-mutants", help="where the copy is made")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="only these")
    arguments = parser.parse_args()
    faults = read_faults(FAULTS.read_text())
    unknown = set(arguments.faults) - {fault.name for fault in faults}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; --list names all")
    chosen = [fault for fault in faults if not arguments.faults or fault.name in arguments.faults]
    if arguments.list:
        print("\n".join(f"{fault.name:28} {fault.what}" for fault in chosen))
        return 0
    if arguments.check:
        return 0 if check(chosen) else 1

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is running ends, too
    try:
        copy = Copy(arguments.work)
        check_unchanged(copy, chosen, everything=not arguments.faults)
    except Unfit as reason:
        print(f"error: the project as it is {reason}", file=sys.stderr)
        return 1
    print("| fault | in | caught by |\n| --- | --- | --- |", flush=True)
    start, good = time.monotonic(), 0
    for fault in chosen:
        result, is_good = judge(copy, fault)
        good += is_good
        print(f"| {fault.what} | `{fault.file}` | {result} |", flush=True)
    print(f"\n{good} of {len(chosen)} caught, {time.monotonic() - start:.0f} s")
    return 0 if good == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
