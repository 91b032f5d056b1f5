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

from tests.project.breaks import ROOT, copied_tree, turns_red

ROOMS = ("attacks", "data", "defences", "membership", "metrics", "models", "toy", "training")
SWAPPED = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
}


def changes(tree: ast.AST) -> Iterator[tuple[ast.expr, str, object]]:
    """Nodes in functions, with a field and its new value; what is raised, annotated or said is left alone."""
    waiting = [node for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for node in function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise | ast.FunctionDef | ast.AnnAssign | ast.JoinedStr):
            continue
        waiting += ast.iter_child_nodes(node)
        match node:
            case ast.BinOp(op=sign) if type(sign) in SWAPPED:
                yield node, "op", SWAPPED[type(sign)]()
            case ast.Compare(ops=[sign, *rest]) if type(sign) in SWAPPED:
                yield node, "ops", [SWAPPED[type(sign)](), *rest]
            case ast.Constant(value=number) if type(number) in (int, float):
                yield node, "value", number + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    package = ROOT / "mia_kit"
    sources = {
        file: file.read_text(encoding="utf-8") for room in ROOMS for file in sorted((package / room).glob("*.py"))
    }
    places = [(file, n) for file, text in sources.items() for n, _ in enumerate(changes(ast.parse(text)))]
    drawn = random.Random(arguments.seed).sample(places, min(arguments.count, len(places)))
    killed = 0
    with copied_tree() as folder:
        for number, (file, place) in enumerate(drawn, 1):
            tree = ast.parse(sources[file])
            node, field, new = list(changes(tree))[place]
            before = ast.unparse(node)
            setattr(node, field, new)
            red = turns_red(folder, file.relative_to(package).as_posix(), ast.unparse(tree))
            if not red:
                print(f"survives: {file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)} for {before}")
            killed += red
            print(f"{killed} of {number} killed", flush=True)


if __name__ == "__main__":
    main()
