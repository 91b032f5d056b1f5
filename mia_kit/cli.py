"""The command `mia-kit`: each subcommand is a function that may return an exit code. A sentence for each error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from mia_kit.data.folders import check_output, write_whole
from mia_kit.terminal import printable, say, spell_out

QUICK = 40  # people that `run --quick` attacks
FRESH_ALONE = "--fresh goes with neither --workers nor --scheduler: every worker would begin anew"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; a foreseen problem ends with one sentence on stderr and the exit code 2."""
    spell_out()
    try:
        options = _parser().parse_args(arguments)
        code = options.action(options)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:  # `mia-kit claims | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, ImportError) as problem:
        say(printable(f"mia-kit: {problem}"), sys.stderr)
        return 2
    except RuntimeError as problem:
        if "home directory" not in str(problem):
            raise
        say("mia-kit: this account has no home folder: set HOME to a folder of your own", sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("mia-kit: stopped", sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mia-kit", description="The commands of the course on what models leak.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Callable[[argparse.Namespace], int | None], words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words)
        added.set_defaults(action=action, command=name)
        return added

    demo = command("demo", _demo, "quick experiments of chapters 1 and 2, and a page with the slider")
    demo.add_argument("--page", type=Path, default=Path("mia-kit-demo.html"), help="where to write the page")

    run = command("run", _run, "measure a recipe and write its evidence")
    run.add_argument("recipe", help="a name from `mia-kit recipes`, or a YAML file")
    quick = "smoothing_drawn: attack the targets that ship with the course now, in two minutes, and write nothing"
    run.add_argument("--quick", action="store_true", help=quick)
    run.add_argument("--add", action="store_true", help="keep the seeds that its evidence has, and measure the others")
    run.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    run.add_argument("--device", choices=("cpu", "cuda"), help="cpu leaves a GPU alone, cuda insists on one")
    run.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="write curves of trainings and attacks there")
    spread = run.add_mutually_exclusive_group()
    spread.add_argument("--workers", type=int, metavar="N", help="spread the parts over N processes of this computer")
    spread.add_argument("--scheduler", metavar="ADDRESS", help="spread them over the workers of a Dask scheduler")

    estimate = command("estimate", _estimate, "hours, memory and disk of a recipe, before it is started")
    estimate.add_argument("recipe", help="a name from `mia-kit recipes`, or a YAML file")
    estimate.add_argument("--device", choices=("cpu", "cuda"), help="as for run")

    command("recipes", _recipes, "list the recipes")
    command("store", _store, "list what was measured and is kept")

    claims = command("claims", _claims, "every finding of the four papers beside what we measured")
    claims.add_argument("--pages", type=Path, help="also rewrite README.md and notebooks/CLAIMS.md below this folder")

    command("check", _check, "is everything here that the notebooks need?")

    notebooks = command("notebooks", _notebooks, "execute the notebooks for commit, with figures' static twins")
    notebooks.add_argument("sources", type=Path, nargs="*", help="notebooks/NN_name.py; all of them by default")
    notebooks.add_argument("--references", action="store_true", help="renew the figures' reference arrays as well")

    for name, words in (("student", "without solutions and quiz answers"), ("teacher", "with solutions unfolded")):
        command(name, _edition, f"write the notebooks {words} into a new folder").add_argument("folder", type=Path)

    referee = command("referee", _referee, "attack the classifiers that teams handed in and print the frontier")
    referee.add_argument("folder", type=Path, help="a folder of teams' folders")
    referee.add_argument("--people", type=int, default=16, help="how many people are attacked, 1 to 40; 16 by default")
    referee.add_argument("--figure", type=Path, help="also write the frontier as one HTML page")

    audit = command("audit", _audit, "what a classifier of yours gives away about its training pictures")
    audit.add_argument("config", type=Path, help="a YAML file: the classifier, its pictures, what to attack")
    audit.add_argument("--trust", action="store_true", help="run code that it names: a module or TorchScript")
    audit.add_argument("--budget", type=float, metavar="MINUTES", help="do what fits, and say what was left out")
    audit.add_argument("--fail-if", action="append", default=[], metavar="CONDITION", help='such as "tpr@1%%>0.1"')

    prior = command("prior", _prior, "train a small generator on public pictures, for `audit`")
    prior.add_argument("folder", type=Path)
    prior.add_argument("--out", type=Path, default=Path("prior.safetensors"))
    prior.add_argument("--size", type=int, default=64, help="pixels a side: 16, 32, 64 or 128; 64 by default")
    prior.add_argument("--grey", action="store_true")
    prior.add_argument("--steps", type=int, default=3000)

    classroom = command("classroom", _classroom, "memory and time of many kernels that run one notebook at once")
    classroom.add_argument("notebook", type=Path, nargs="?", default=Path("notebooks/01_toy_inversion.ipynb"))
    classroom.add_argument("--kernels", type=int, default=20)

    for name, words in (("site", "web pages"), ("slides", "slides")):
        pages = command(name, _pages, f"write the chapters as {words} that need neither kernel nor network")
        pages.add_argument("folder", type=Path)
    return parser


def _demo(options: argparse.Namespace) -> None:
    from mia_kit.course import demo

    demo.run(options.page)


def _run(options: argparse.Namespace) -> None:
    if options.tensorboard is not None:
        check_output(options.tensorboard / "curves")
        os.environ["MIA_KIT_TENSORBOARD"] = str(options.tensorboard.resolve())
    from mia_kit.studies.registry import measure, read_recipe

    if options.fresh and (options.workers or options.scheduler):
        raise ValueError(FRESH_ALONE)
    if options.quick:
        return _run_quick(options.recipe)
    named = read_recipe(options.recipe)  # typed before torch is imported: a mistake is told at once
    _choose_device(options.device)
    from mia_kit.runs.store import Store

    store = Store(fresh=options.fresh)
    workers = options.workers or 1
    say(f"wrote {measure(named, store, add=options.add, workers=workers, scheduler=options.scheduler)}")


def _run_quick(recipe: str) -> None:
    if recipe != "smoothing_drawn":
        raise ValueError(f"only smoothing_drawn has trained targets that ship with the course, got {recipe} instead")
    from mia_kit.studies.inversion.shipped import live_order

    for factor, hits, norm in live_order(QUICK):
        say(f"factor {factor:+.2f}: {hits} of {QUICK} people recognised, median gradient {norm:.0e} (cross-entropy)")


def _estimate(options: argparse.Namespace) -> None:
    from mia_kit.runs.evidence import time_taken
    from mia_kit.studies.registry import read_recipe

    named = read_recipe(options.recipe)
    if named.study != "inversion":
        taken = time_taken(named.name)
        measured = f"; the evidence that ships took {taken}" if taken else ""
        words = f"only recipes of the study inversion can be estimated, got one of {named.study} instead{measured}"
        raise ValueError(words)
    _choose_device(options.device)
    from mia_kit.studies.inversion.estimate import estimate

    say(estimate(named.recipe).text())  # type: ignore[arg-type]


def _choose_device(device: str | None) -> None:
    """Hide the GPU from here and from all workers, or ValueError if there is none."""
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError("the device is cuda, but PyTorch finds no GPU here: leave --device out")


def _store(options: argparse.Namespace) -> None:
    from mia_kit.runs.store import Store

    store = Store()
    say(f"{store.root}:")
    for entry in store.entries():
        say(f"{entry.kind:20} {entry.digest}  {entry.size / 1e6:8.2f} MB  {entry.date:10}  {entry.seconds:8.1f} s")


def _recipes(options: argparse.Namespace) -> None:
    from mia_kit.studies.registry import recipes

    say("\n".join(recipes()))


def _claims(options: argparse.Namespace) -> None:
    from mia_kit.course import stored_claims

    if options.pages:
        from mia_kit.course.scoreboard import update_pages

        update_pages(options.pages)
    text = stored_claims.read()
    if not text:
        from mia_kit.course.scoreboard import as_text, read_rows

        text = as_text(read_rows(links=False))
    say(text)


def _check(options: argparse.Namespace) -> int:
    from mia_kit.course.environment import report

    text, complete = report()
    say(text)
    return int(not complete)


def _notebooks(options: argparse.Namespace) -> None:
    from mia_kit.course.notebooks import execute_all

    execute_all(options.sources, references=options.references)


def _edition(options: argparse.Namespace) -> None:
    from mia_kit.course.editions import student, teacher

    written = (student if options.command == "student" else teacher)(options.folder)
    say(f"wrote {len(written)} notebooks into {options.folder}")


def _referee(options: argparse.Namespace) -> None:
    from mia_kit.figures.frontier import frontier

    if options.figure:
        check_output(options.figure)
    from mia_kit.course.referee import referee

    verdicts = referee(options.folder, people=options.people)
    say(verdicts.text())
    if options.figure:
        drawn = frontier(verdicts.marks(), title="Use and leakage of what the teams handed in")
        write_whole(options.figure, drawn.figure.to_html().encode())
        say(f"wrote {options.figure}")


def _audit(options: argparse.Namespace) -> int:
    from mia_kit import audit

    report = audit.run(options.config, trust=options.trust, budget=options.budget, fail_if=options.fail_if)
    say(f"wrote {report.write()}")
    left_out = [f"left out {name}: {words}" for name, words in report.left_out.items()]
    say("\n".join([*report.sentences(), *report.warnings, *left_out]))
    failed = report.failed()
    for condition in failed:
        say(f"failed: {condition}")
    return 1 if failed else 0


def _prior(options: argparse.Namespace) -> None:
    from mia_kit.training.prior import train_prior

    settings = {"size": options.size, "grey": options.grey, "steps": options.steps}
    say(f"wrote {train_prior(options.folder, options.out, **settings)}")


def _classroom(options: argparse.Namespace) -> int:
    from mia_kit.course.classroom import hold

    lesson = hold(options.notebook, options.kernels)
    say(lesson.text())
    return 0 if len(lesson.ended) == options.kernels else 1


def _pages(options: argparse.Namespace) -> None:
    build = import_module(f"mia_kit.course.{options.command}").build
    say(f"wrote {build(options.folder)}: open it in any browser")


if __name__ == "__main__":
    raise SystemExit(main())
