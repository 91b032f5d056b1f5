"""The command `mia-kit`: each subcommand is a function that returns an exit code. One clear sentence for each error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; a foreseen problem ends with one sentence on stderr and the exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        return options.action(options)
    except (ValueError, OSError, ImportError) as problem:
        print(f"mia-kit: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mia-kit: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mia-kit", description=__doc__.splitlines()[0].replace("`", ""))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="quick experiments of chapters 1 and 2, and a page with the slider")
    demo.add_argument("--page", type=Path, default=Path("mia-kit-demo.html"), help="where to write the page")
    demo.set_defaults(action=_demo)

    run = commands.add_parser("run", help="measure a recipe and write its evidence")
    run.add_argument("recipe", help="a name from `mia-kit recipes`, or a YAML file")
    run.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    run.add_argument("--device", help="cpu or cuda, for a recipe that names a device; the recipe's by default")
    run.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="write curves of trainings and attacks there")
    spread = run.add_mutually_exclusive_group()
    spread.add_argument("--workers", type=int, metavar="N", help="spread the parts over N processes of this computer")
    spread.add_argument("--scheduler", metavar="ADDRESS", help="spread them over the workers of a Dask scheduler")
    run.set_defaults(action=_run)

    estimate = commands.add_parser("estimate", help="hours, memory and disk of a recipe, before it is started")
    estimate.add_argument("recipe", help="a name from `mia-kit recipes`, or a YAML file")
    estimate.add_argument("--device", help="as for run")
    estimate.set_defaults(action=_estimate)

    commands.add_parser("recipes", help="list the recipes").set_defaults(action=_recipes)

    commands.add_parser("store", help="list what was measured and is kept").set_defaults(action=_store)

    claims = commands.add_parser("claims", help="every finding of the four papers beside what we measured")
    claims.add_argument("--readme", type=Path, help="also rewrite the table in this README")
    claims.set_defaults(action=_claims)

    check = commands.add_parser("check", help="is everything here that the notebooks need?")
    check.set_defaults(action=_check)

    notebooks = commands.add_parser(
        "notebooks", help="execute the notebooks for commit, figures' static twins included"
    )
    notebooks.add_argument("sources", type=Path, nargs="*", help="notebooks/NN_name.py; all of them by default")
    notebooks.set_defaults(action=_notebooks)

    references = commands.add_parser("references", help="renew the figures' reference arrays and say what changed")
    references.add_argument("sources", type=Path, nargs="*", help="notebooks/NN_name.py; all of them by default")
    references.set_defaults(action=_references)

    for name, words in (("student", "without solutions and quiz answers"), ("teacher", "with solutions unfolded")):
        edition = commands.add_parser(name, help=f"write the notebooks {words} into a new folder")
        edition.add_argument("folder", type=Path)
        edition.set_defaults(action=_edition, edition=name)

    referee = commands.add_parser("referee", help="attack the classifiers that teams handed in and print the frontier")
    referee.add_argument("folder", type=Path, help="a folder of teams' folders")
    referee.add_argument("--people", type=int, default=8, help="how many people are attacked, 1 to 40; 8 by default")
    referee.add_argument("--figure", type=Path, help="also write the frontier as one HTML page")
    referee.set_defaults(action=_referee)

    classroom = commands.add_parser("classroom", help="memory and time of many kernels that run one notebook at once")
    classroom.add_argument("notebook", type=Path, nargs="?", default=Path("notebooks/01_toy_inversion.ipynb"))
    classroom.add_argument("--kernels", type=int, default=20)
    classroom.add_argument("--threads", type=int, default=1, help="of each kernel; 1 by default")
    classroom.set_defaults(action=_classroom)

    site = commands.add_parser("site", help="write the chapters as web pages that need neither kernel nor network")
    site.add_argument("folder", type=Path)
    site.set_defaults(action=_site)
    return parser


def _demo(options: argparse.Namespace) -> int:
    from mia_kit.course.demo import run

    run(options.page)
    return 0


def _run(options: argparse.Namespace) -> int:
    from mia_kit.experiments.runner import measured_before, run, table
    from mia_kit.experiments.store import Store
    from mia_kit.training import journal

    if options.tensorboard is not None:
        os.environ[journal.FOLDER] = str(options.tensorboard.resolve())
    before = None if options.fresh else measured_before(options.recipe, device=options.device)
    if not before:
        _spread(options)
    path = run(options.recipe, store=Store(fresh=options.fresh), device=options.device)
    if before:
        print(f"{path}: measured on {before['date']} in {before['seconds']:g} s; --fresh measures again")
    else:
        print(f"wrote {path}")
    if text := table(options.recipe, path):
        print(text)
    return 0


def _spread(options: argparse.Namespace) -> None:
    """Let workers make the parts, if there are to be workers."""
    from mia_kit.experiments.cluster import workers
    from mia_kit.experiments.runner import spread

    if options.workers is None and options.scheduler is None:
        return
    if options.fresh:
        raise ValueError("--fresh goes with neither --workers nor --scheduler: every worker would begin anew")
    if options.scheduler is not None:
        spread(options.recipe, options.scheduler, device=options.device)
        return
    with workers(options.workers) as address:
        spread(options.recipe, address, device=options.device)


def _estimate(options: argparse.Namespace) -> int:
    from mia_kit.experiments.estimate import estimate

    print(estimate(options.recipe, device=options.device).text())
    return 0


def _store(options: argparse.Namespace) -> int:
    from mia_kit.experiments.store import Store

    store = Store()
    print(f"{store.root}:")
    for entry in store.entries():
        print(f"{entry.kind:20} {entry.digest}  {entry.size / 1e6:8.2f} MB  {entry.date:10}  {entry.seconds:8.1f} s")
    return 0


def _recipes(options: argparse.Namespace) -> int:
    from mia_kit.experiments.runner import recipe_names

    print("\n".join(recipe_names()))
    return 0


def _claims(options: argparse.Namespace) -> int:
    from mia_kit.experiments.claims import as_text, read_claims, update_readme

    if options.readme:
        update_readme(options.readme)
    print(as_text(read_claims()))
    return 0


def _check(options: argparse.Namespace) -> int:
    from mia_kit.course.environment import report

    text, complete = report()
    print(text)
    return 0 if complete else 1


def _notebooks(options: argparse.Namespace) -> int:
    from mia_kit.course.notebooks import execute_all

    execute_all(options.sources)
    return 0


def _references(options: argparse.Namespace) -> int:
    from mia_kit.course.notebooks import renew_references

    print(renew_references(options.sources))
    return 0


def _edition(options: argparse.Namespace) -> int:
    from mia_kit.course import editions

    written = getattr(editions, options.edition)(options.folder)
    print(f"wrote {len(written)} notebooks into {options.folder}")
    return 0


def _referee(options: argparse.Namespace) -> int:
    from mia_kit.course.referee import referee

    verdicts = referee(options.folder, people=options.people)
    print(verdicts.text())
    if options.figure:
        from mia_kit.figures.frontier import frontier

        drawn = frontier(verdicts.marks(), title="Use and leakage of what the teams handed in")
        drawn.figure.write_html(options.figure)
        print(f"wrote {options.figure}")
    return 0


def _classroom(options: argparse.Namespace) -> int:
    from mia_kit.course.classroom import hold

    lesson = hold(options.notebook, options.kernels, threads=options.threads)
    print(lesson.text())
    return 0 if len(lesson.ended) == options.kernels else 1


def _site(options: argparse.Namespace) -> int:
    from mia_kit.course.site import build

    print(f"wrote {build(options.folder)}: open it in any browser")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
