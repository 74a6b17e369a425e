"""Completion in the real shells: what TAB makes of a line, in each of bash, zsh and fish that is installed.

Usage: check.py COMMANDS-DIRECTORY SOURCE-DIRECTORY. Exit code 77: no shell is installed.
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

if len(sys.argv) < 3:
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)

# The line before TAB, and the arguments that it then has.
LINES = [
    ("cnn-train --print-s", ["--print-schema"]),
    ("cnn-train --set training.shu", ["--set", "training.shuffle="]),
    ("cnn-train --set training.schedule.ga", ["--set", "training.schedule.gamma="]),
    ("cnn-train --config {configs}/lenet.yaml --set network.conv2.str",
     ["--config", "{configs}/lenet.yaml", "--set", "network.conv2.stride="]),
    ("cnn-train --config {configs}/lenet.ya", ["--config", "{configs}/lenet.yaml"]),
    ("cnn-bench --config {configs}/nosuch.yaml --set training.shu",
     ["--config", "{configs}/nosuch.yaml", "--set", "training.shuffle="]),
    ("cnn-eval --split val", ["--split", "validation"]),
    ("cnn-predict --inv", ["--invert"]),
    ("cnn-predict {configs}/len", ["{configs}/lenet"]),  # several files
]

COMMANDS = ["cnn-train", "cnn-eval", "cnn-predict", "cnn-bench"]


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, arguments, environment):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(arguments[0], arguments, environment)
        self.seen = b""

    def send(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, mark, seconds=60):
        """What was seen up to the mark."""
        end = time.monotonic() + seconds
        while mark.encode() not in self.seen:
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no {mark!r} in {self.seen[-2000:]!r}")
            self.seen += os.read(self.terminal, 65536)
        before, self.seen = self.seen.split(mark.encode(), 1)
        return before.decode(errors="replace")

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def typed(shell, start, work, environment, configs):
    """What bash or zsh makes of the lines: a function in place of each command writes its arguments."""
    arguments = work / "arguments"
    lines = [start]
    for command in COMMANDS:
        lines.append(f"source <({command} --completion {shell[0]})")
        lines.append(f"{command}() {{ printf '%s\\n' \"$@\" > {arguments}; echo DO''NE; }}")
    (work / "start").write_text("\n".join(lines) + "\n")
    console = Shell(shell, environment)
    console.send(f"source {work}/start; echo RE''ADY\n")
    console.wait_for("READY")
    for line, expected in LINES:
        console.send(line.format(configs=configs) + "\t\n")
        console.wait_for("DONE")
        yield line, [word.format(configs=configs) for word in expected], arguments.read_text().split()
    console.send("exit\n")
    console.close()


def asked(work, environment, configs):
    """What fish would complete; its own command tells."""
    start = "\n".join(f"{command} --completion fish | source" for command in COMMANDS)
    for line, expected in LINES:
        line = line.format(configs=configs)
        found = subprocess.run(
            ["fish", "--no-config", "-c", f"{start}\ncomplete -C '{line}'"],
            env=environment, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
        words = [candidate.split("\t")[0] for candidate in found.splitlines()]
        last = expected[-1].format(configs=configs)
        yield line, last, os.path.commonprefix(words)


def main():
    commands, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    shells = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
    if not shells:
        print("skipped: no bash, zsh or fish")
        return 77
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        environment = dict(os.environ, HOME=name, TERM="dumb", PATH=f"{commands}:{os.environ['PATH']}")
        configs = source / "configs"
        for shell in shells:
            if shell == "bash":
                results = typed(["bash", "--norc", "-i"], "", work, environment, configs)
            elif shell == "zsh":
                start = "autoload -U compinit; compinit -u -d " + f"{work}/dump"
                results = typed(["zsh", "-f", "-i"], start, work, environment, configs)
            else:
                results = asked(work, environment, configs)
            count = 0
            for line, expected, found in results:
                count += 1
                if found != expected:
                    faults += 1
                    print(f"{shell}: {line}<TAB> gives {found}, not {expected}")
            print(f"{shell}: {count} lines")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
