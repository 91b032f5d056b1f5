"""The referee of the class exercise: teams hand in a defended classifier each, every one meets the same attacks.

The blue teams train on the same five photographs of each of forty people of ORL and hand in a folder with two files:

    classifier.safetensors   the weights
    recipe.yaml              team, defence, strength, width; more lines are not read

The red team is the referee: Plug & Play attacks with the Poincare loss and with the margin, and the one that brings
back more counts. No code of a team is executed: the classifier is built here from the recipe's names, and safetensors
holds numbers alone. What a team wrote is printed without signs that a terminal or a page would obey. Accuracy is that
on photographs which no team was given.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml
from torch import Tensor
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.data.folders import write_whole
from mia_kit.experiments import face_quick, frontier_quick
from mia_kit.experiments.defended_parts import NONE, SIGNS, Point, fit_defended, untrained
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_quick import Scene
from mia_kit.experiments.frontier_quick import Trained, attacked
from mia_kit.metrics import share_interval
from mia_kit.models import Classifier, in_batches
from mia_kit.models.weights import set_weights
from mia_kit.terminal import printable
from mia_kit.training import one_thread

if TYPE_CHECKING:
    from mia_kit.figures.frontier import Mark

WEIGHTS, RECIPE = "classifier.safetensors", "recipe.yaml"
KINDS: dict[str, tuple[type, ...]] = {"team": (str,), "defence": (str,), "strength": (int, float), "width": (int,)}
WIDTHS, MOST_STRENGTH, LETTERS = (4, 32), 1e6, 60
MOST_BYTES = {WEIGHTS: 64 * 10**6, RECIPE: 10_000}
ATTACK: dict[str, Any] = frontier_quick.ATTACK | {"pool": 500, "steps": 30}
UNDEFENDED = "undefended, by the referee"


@dataclass(frozen=True, eq=False)
class Entry:
    """What a team handed in: a classifier in eval mode, and the recipe's words."""

    team: str
    defence: str
    strength: float
    model: Classifier


@dataclass(frozen=True, eq=False)
class Row:
    """A team's line: what the worse attack brought back, or the sentence that says why there is none."""

    team: str
    words: str = ""
    outcome: Trained | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What became of every team. `threshold` is the second judge's, for the same person."""

    rows: Sequence[Row]
    threshold: float

    def marks(self) -> list[Mark]:
        """The teams that were attacked, as points of `mia_kit.figures.frontier.frontier`; names are safe in HTML."""
        from mia_kit.figures.frontier import Mark

        points = []
        for row in self.rows:
            if outcome := row.outcome:
                hits = share_interval(int((outcome.ranks == 1).sum()), len(outcome.ranks))
                name = NONE if row.team == UNDEFENDED else html.escape(row.team)
                words = f"{row.words}<br>{outcome.loss} loss"
                points.append(Mark(name, outcome.strength, outcome.accuracy, hits.value, hits.low, hits.high, words))
        return points

    def text(self) -> str:
        """A line for each team: the least leakage first, of two alike the more accurate; those not judged last."""
        judged = [(row, row.outcome) for row in self.rows if row.outcome]
        judged.sort(key=lambda pair: (pair[1].leakage, -pair[1].accuracy))
        lines = [f"{'team':28} {'accuracy':>8} {'Acc@1':>20} {'verified':>9}  {'attack':10} says of itself"]
        lines += [self._line(row, outcome) for row, outcome in judged]
        lines += [f"{row.team[:28]:28} not judged: {row.problem}" for row in self.rows if not row.outcome]
        return "\n".join(lines)

    def _line(self, row: Row, outcome: Trained) -> str:
        count = len(outcome.ranks)
        hits = share_interval(int((outcome.ranks == 1).sum()), count)
        leak = f"{hits.value:.0%} [{hits.low:.0%}, {hits.high:.0%}]"
        near = f"{int((outcome.distances < self.threshold).sum())} of {count}"
        return f"{row.team[:28]:28} {outcome.accuracy:8.1%} {leak:>20} {near:>9}  {outcome.loss:10} {row.words}"


def class_people() -> People:
    """The forty people of the exercise; a team trains on `target_training(5)` of them and on nothing else."""
    return face_quick.orl_people()


def train(defence: str, strength: float, *, epochs: int = face_quick.EPOCHS, seed: int = 0) -> Classifier:
    """A blue team's first classifier, with one of the course's defences: half a minute."""
    point = Point(class_people(), defence, strength, face_quick.POOL, seed)
    with one_thread():
        return fit_defended(point, face_quick.TARGET | {"epochs": epochs}, progress=False).model


def hand_in(folder: Path, team: str, model: Classifier, *, defence: str, strength: float, width: int) -> Path:
    """Write a team's two files into `folder`, and return it. Raises ValueError if the referee would not take them.

    `defence` and `strength` are those of `mia_kit.defences.build`, or "none"; `width` is the classifier's.
    """
    from safetensors.torch import save

    recipe = {"team": team, "defence": defence, "strength": strength, "width": width}
    weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS, save(weights))
    write_whole(folder / RECIPE, yaml.safe_dump(recipe, sort_keys=False).encode())
    read_entry(folder, class_people())
    return folder


def referee(folder: Path, *, people: int = 8, epochs: int = face_quick.EPOCHS, progress: bool = True) -> Verdicts:
    """Attack every team's classifier below `folder`, and one without a defence, for the first `people` people.

    A team whose files cannot be taken gets a row that says so. Raises FileNotFoundError if there is no team, ValueError
    if there are not so many people.
    """
    people = check.count("people", people, most=40)
    homes = sorted({path.parent for name in (WEIGHTS, RECIPE) for path in folder.glob(f"*/{name}")})
    if not homes:
        raise FileNotFoundError(f"there is no team in {folder}: expected folders that hold {WEIGHTS} and {RECIPE}")
    scene = face_quick.set_up(epochs=epochs, progress=progress)
    rows = [_judge(Entry(UNDEFENDED, NONE, 0.0, scene.target.model), scene, people)]
    for home in tqdm(homes, disable=not progress, desc="teams", unit="team"):
        try:
            row = _judge(read_entry(home, scene.people), scene, people)
        except ValueError as problem:
            row = Row(printable(home.name, LETTERS), problem=printable(problem, 300))
        if row.team in (NONE, *(other.team for other in rows)):  # nobody takes another's name
            row = replace(row, team=f"{row.team} ({printable(home.name, LETTERS)})")
        rows.append(row)
    return Verdicts(rows, scene.judges.threshold)


def read_entry(folder: Path, people: People) -> Entry:
    """Read a team's folder.

    Raises
    ------
    ValueError
        With one sentence that begins with the file's path, if something is missing, too large, or not as it should be.
    """
    recipe = _recipe(folder / RECIPE)
    point = Point(people, recipe["defence"], float(recipe["strength"]), face_quick.POOL, 0)
    try:
        model = untrained(point, recipe["width"])  # which refuses an unknown defence
    except ValueError as problem:
        raise ValueError(f"{folder / RECIPE}: {problem}") from problem
    weights = _weights(folder / WEIGHTS)
    try:
        set_weights(model, weights)
    except ValueError as problem:
        raise ValueError(f"{folder / WEIGHTS}: {problem}") from problem
    team = printable(recipe["team"].strip() or folder.name, LETTERS)
    return Entry(team, point.defence, point.strength, model.eval())


def _judge(entry: Entry, scene: Scene, people: int) -> Row:
    """Attack a team. ValueError if the classifier's answers are not numbers: no attack, however good, reads those."""
    check.finite("the classifier's answers to photographs", in_batches(entry.model, scene.people.floats()))
    given = (scene, entry.defence, entry.strength, entry.model, None, range(people))
    outcome = attacked(*given, seed=0, settings=ATTACK)
    return Row(entry.team, f"{entry.defence} {entry.strength:g}" if entry.defence != NONE else "no defence", outcome)


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    if path.stat().st_size > MOST_BYTES[path.name]:
        raise ValueError(f"{path}: {path.stat().st_size:,} bytes, at most {MOST_BYTES[path.name]:,} are taken")
    return path.read_bytes()


def _recipe(path: Path) -> dict[str, Any]:
    try:
        recipe = yaml.safe_load(_content(path).decode())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise ValueError(f"{path} is not YAML") from problem
    if not isinstance(recipe, dict):
        raise ValueError(f"{path}: expected lines such as `team: ...`, got {type(recipe).__name__} instead")
    for name, kinds in KINDS.items():
        value = recipe.get(name)
        if not isinstance(value, kinds) or isinstance(value, bool):  # its kind alone is told: values can be huge
            raise ValueError(f"{path}: `{name}` is missing or of another kind, got {type(value).__name__} instead")
    low, high = WIDTHS
    if not low <= recipe["width"] <= high:
        raise ValueError(f"{path}: width must lie between {low} and {high}")
    least = 0 if recipe["defence"] in SIGNS else -MOST_STRENGTH
    if not least <= recipe["strength"] <= MOST_STRENGTH:  # so that NaN does not pass
        raise ValueError(f"{path}: strength must be a finite number from {least:g} to {MOST_STRENGTH:g}")
    return recipe


def _weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        weights = load(_content(path))
    except SafetensorError as problem:
        raise ValueError(f"{path} is not a whole safetensors file ({problem})") from problem
    for name, tensor in weights.items():
        if not bool(torch.isfinite(tensor.double()).all()):
            raise ValueError(f"{path}: {name} holds numbers that are not finite")
    return weights
