"""Random mutants of the leaf rooms: what share do the tests kill?

    python -m tests.project.mutants --count 200 --seed 1

A mutant changes one operator, comparison or number of a function; the tests of the same name in the same room are run
in a copy. A survivor is printed: either the tests lack an idea, or the change makes no difference.
"""

from __future__ import annotations

import argparse
import ast
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.project.breaks import ROOT, copied_tree, turns_red

PACKAGE = ROOT / "mia_kit"
ROOMS = ("attacks", "data", "defences", "membership", "metrics", "models", "toy", "training")
OPERATORS = {
    **{ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"},
    **{ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="},
}


class Mutant(NamedTuple):
    """What stands between two places of a line of a file, and what is written there instead."""

    file: Path
    line: int
    start: int
    end: int
    text: str


def mutants(file: Path) -> Iterator[Mutant]:
    """All mutants of a file; what a message or a type says is left alone."""
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for node in _inside(function.body):
                if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
                    yield from _between(file, lines, node.left, node.right, OPERATORS[type(node.op)])
                elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
                    yield from _between(file, lines, node.left, node.comparators[0], OPERATORS[type(node.ops[0])])
                elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
                    yield Mutant(file, node.lineno, node.col_offset, node.end_col_offset or 0, f"({node.value} + 1)")


def _inside(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a function's body without what is raised, warned of, annotated or another function."""
    for statement in body:
        stack: list[ast.AST] = [statement]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Raise | ast.FunctionDef | ast.AnnAssign | ast.JoinedStr):
                continue
            yield node
            stack.extend(ast.iter_child_nodes(node))


def _between(file: Path, lines: list[str], left: ast.expr, right: ast.expr, text: str) -> Iterator[Mutant]:
    start, end = left.end_col_offset or 0, right.col_offset
    if left.end_lineno == right.lineno and lines[right.lineno - 1].isascii():
        written = lines[right.lineno - 1][start:end]
        if "(" not in written and ")" not in written:
            yield Mutant(file, right.lineno, start, end, f" {text} ")


def broken(mutant: Mutant) -> str:
    """The file's text with the mutation."""
    lines = mutant.file.read_text(encoding="utf-8").splitlines(keepends=True)
    line = lines[mutant.line - 1]
    lines[mutant.line - 1] = line[: mutant.start] + mutant.text + line[mutant.end :]
    return "".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    files = sorted(file for room in ROOMS for file in (PACKAGE / room).glob("*.py"))
    everything = [mutant for file in files for mutant in mutants(file)]
    drawn = random.Random(arguments.seed).sample(everything, min(arguments.count, len(everything)))
    dead = 0
    with copied_tree() as folder:
        for number, mutant in enumerate(drawn, 1):
            if turns_red(folder, mutant.file.relative_to(PACKAGE).as_posix(), broken(mutant)):
                dead += 1
            else:
                line = mutant.file.read_text(encoding="utf-8").splitlines()[mutant.line - 1].strip()
                print(f"survives: {mutant.file.relative_to(ROOT)}:{mutant.line}: {mutant.text.strip()} in {line}")
            print(f"{dead} of {number} killed", flush=True)


if __name__ == "__main__":
    main()
