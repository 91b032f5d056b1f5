"""Installs mia_kit into the environment of the Python that runs this file, with the build of PyTorch that fits.

A laptop without an NVIDIA GPU has no use for the CUDA libraries, several gigabytes. So PyTorch's own index of CPU
builds is asked, if it answers within seconds; otherwise what the usual registry has is installed. `uv` does either if
it is there, else pip. A sentence says which and why. Only the standard library is needed.

    python mia_kit/course/install.py --extras lab --torch auto --cpu-index ADDRESS --constraints constraints.txt
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

PATIENCE = 5.0  # seconds for the index to answer
Command = list[str]


def commands(
    extras: str, torch: str, constraints: str, *, index: str, uv: str | None, gpu: bool, reachable: Callable[[], bool]
) -> tuple[str, list[Command]]:
    """Why, in a sentence, and what is run.

    extras : of mia_kit, such as "lab,test"
    torch : "auto", "cpu" or "cuda"
    constraints : file of tested versions, "" for the newest
    index : address of PyTorch's CPU builds
    uv : path of uv, None if it is absent
    gpu : whether there is an NVIDIA GPU
    reachable : whether the index answers; asked only if it matters
    """
    limits = ["--constraint", constraints] if constraints else []
    package = [*limits, "--editable", f".[{extras}]"]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    install = [uv, "pip", "install", "-q", "--python", sys.executable] if uv else pip
    tool = "uv" if uv else "pip"
    cpu = torch == "cpu" or (torch == "auto" and not gpu)
    why = f"TORCH={torch} asks for it" if torch != "auto" else "there is an NVIDIA GPU" if gpu else "no GPU was found"
    if cpu and reachable():
        first = [*pip, *limits, "--index-url", index, "torch", "torchvision"]
        lines = [[*install, "--torch-backend", "cpu", *package]] if uv else [first, [*pip, *package]]
        return f"PyTorch's CPU build, by {tool}: {why}.", lines
    if cpu:
        why = f"the index of CPU builds did not answer within {PATIENCE:g} seconds"
    elif uv and reachable():
        return f"the PyTorch build that fits the GPU, by uv: {why}.", [[*install, "--torch-backend", "auto", *package]]
    return f"PyTorch's usual build, by {tool}: {why}.", [[*install, *package]]


def answers(index: str) -> bool:
    """Whether the index answers in time."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=PATIENCE):
            return True
    except (OSError, ValueError):
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, and return the exit code of the command that failed, or 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--extras", default="lab")
    parser.add_argument("--torch", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--cpu-index", required=True)
    parser.add_argument("--constraints", default="")
    options = parser.parse_args(arguments)
    if options.constraints and not Path(options.constraints).is_file():
        parser.error(f"there is no file of versions {options.constraints}: take CONSTRAINTS= for the newest")
    sentence, lines = commands(
        options.extras,
        options.torch,
        options.constraints,
        index=options.cpu_index,
        uv=shutil.which("uv"),
        gpu=shutil.which("nvidia-smi") is not None,
        reachable=lambda: answers(options.cpu_index),
    )
    print(f"Installing mia_kit[{options.extras}] with {sentence} The first time this takes some minutes.", flush=True)
    return next((code for line in lines if (code := subprocess.run(line, check=False).returncode)), 0)


if __name__ == "__main__":
    sys.exit(main())
