"""The referee of the class exercise: teams hand in a defended classifier each, every one meets the same attacks.

The blue teams train on the same photographs of forty drawn people, `mia_kit.studies.inversion.classroom`, and hand in a
folder with two files:

    classifier.safetensors   the weights
    recipe.yaml              team, defence, strength, width; more lines are not read

The red team is the referee: Plug & Play attacks under cross-entropy, the Poincare loss and the margin, and the one that
brings back most counts. No code of a team is executed: the classifier is built here from the recipe's names, and
safetensors holds numbers alone. What a team wrote is printed without signs that a terminal or a page would obey.
Accuracy is that on photographs which no team was given.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import torch
from torch import Tensor
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.data.folders import write_whole
from mia_kit.metrics import Interval, share_interval
from mia_kit.models import Classifier, in_batches
from mia_kit.models.weights import set_weights
from mia_kit.studies.inversion import classroom
from mia_kit.studies.inversion.classroom import Attacked
from mia_kit.terminal import printable

if TYPE_CHECKING:
    from mia_kit.figures.frontier import Mark

WEIGHTS, RECIPE = "classifier.safetensors", "recipe.yaml"
LETTERS = 60  # of a name
MOST_BYTES = {WEIGHTS: 64 * 10**6, RECIPE: 10_000}
NONE, UNDEFENDED = "none", "undefended, by the referee"


class Recipe(msgspec.Struct, frozen=True):
    """What a team says of its classifier."""

    team: str
    defence: str
    strength: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
    width: Annotated[int, msgspec.Meta(ge=4, le=32)]


@dataclass(frozen=True, eq=False)
class Entry:
    """What a team handed in: a classifier in eval mode, and the recipe's words."""

    team: str
    defence: str
    strength: float
    model: Classifier


@dataclass(frozen=True, eq=False)
class Row:
    """A team's line: what the strongest attack brought back, or the sentence that says why there is nothing."""

    team: str
    words: str = ""
    outcome: Attacked | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What became of every team."""

    rows: Sequence[Row]

    def marks(self) -> list[Mark]:
        """The teams that were attacked, as points of `mia_kit.figures.frontier.frontier`; names are safe in HTML."""
        from mia_kit.figures.frontier import Mark

        points = []
        for row, outcome, hits in self._judged():
            name = NONE if row.team == UNDEFENDED else html.escape(row.team)
            words = f"{row.words}<br>{outcome.loss} loss"
            points.append(Mark(name, outcome.strength, outcome.accuracy, hits.value, hits.low, hits.high, words))
        return points

    def text(self) -> str:
        """A line for each team: the least leakage first, of two alike the more accurate; those not judged last."""
        lines = [f"{'team':28} {'accuracy':>8} {'Acc@1':>20} {'2nd judge':>9}  {'attack':13} says of itself"]
        for row, outcome, hits in sorted(self._judged(), key=lambda judged: (judged[1].hits, -judged[1].accuracy)):
            leak = f"{hits.value:.0%} [{hits.low:.0%}, {hits.high:.0%}]"
            second = f"{int((outcome.identity_ranks == 1).sum())} of {len(outcome.ranks)}"
            start = f"{row.team[:28]:28} {outcome.accuracy:8.1%} {leak:>20} {second:>9}"
            lines.append(f"{start}  {outcome.loss:13} {row.words}")
        lines += [f"{row.team[:28]:28} not judged: {row.problem}" for row in self.rows if not row.outcome]
        return "\n".join(lines)

    def _judged(self) -> list[tuple[Row, Attacked, Interval]]:
        """Each team that was attacked, with what was brought back."""
        pairs = [(row, row.outcome) for row in self.rows if row.outcome]
        return [(row, outcome, share_interval(outcome.hits, len(outcome.ranks))) for row, outcome in pairs]


def hand_in(
    folder: Path,
    team: str,
    model: Classifier,
    *,
    defence: str = NONE,
    strength: float = 0.0,
    width: int = classroom.WIDTH,
) -> Path:
    """Write a team's two files into `folder`, and return it. Raises ValueError if the referee would not take them.

    `defence` and `strength` are those of `mia_kit.defences.build`; `width` is the classifier's.
    """
    from safetensors.torch import save

    weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS, save(weights))
    write_whole(folder / RECIPE, msgspec.yaml.encode(Recipe(team, defence, strength, width)))
    read_entry(folder)
    return folder


def referee(folder: Path, *, people: int = 16, progress: bool = True) -> Verdicts:
    """Attack every team's classifier below `folder`, and one without a defence, for the first `people` people.

    A team whose files cannot be taken gets a row that says so. FileNotFoundError if there is no team.
    """
    people = check.count("people", people, most=classroom.PEOPLE)
    homes = sorted({path.parent for name in (WEIGHTS, RECIPE) for path in folder.glob(f"*/{name}")})
    if not homes:
        raise FileNotFoundError(f"there is no team in {folder}: expected folders that hold {WEIGHTS} and {RECIPE}")
    rows = [judge(Entry(UNDEFENDED, NONE, 0.0, classroom.train().model), people)]
    for home in tqdm(homes, disable=not progress, desc="teams", unit="team"):
        try:
            row = judge(read_entry(home), people)
        except ValueError as problem:
            row = Row(printable(home.name, LETTERS), problem=printable(problem, 300))
        if row.team in (NONE, *(other.team for other in rows)):  # nobody takes another's name
            row = replace(row, team=f"{row.team} ({printable(home.name, LETTERS)})")
        rows.append(row)
    return Verdicts(rows)


def read_entry(folder: Path) -> Entry:
    """Read a team's folder.

    ValueError, one sentence that begins with the file's path, if something is missing, too large, or not as it should
    be.
    """
    with _told_of(folder / RECIPE):
        recipe = _recipe(folder / RECIPE)
        model = classroom.untrained(recipe.defence, recipe.strength, width=recipe.width)  # refuses an unknown defence
    with _told_of(folder / WEIGHTS):
        set_weights(model, _weights(folder / WEIGHTS))
    team = printable(recipe.team.strip() or folder.name, LETTERS)
    return Entry(team, recipe.defence, recipe.strength, model.eval())


def judge(entry: Entry, people: int) -> Row:
    """Attack a team for the first `people` people.

    ValueError if the classifier's answers are not numbers: no attack, however good, reads those.
    """
    photographs = classroom.class_photographs()
    check.finite("the classifier's answers to photographs", in_batches(entry.model, photographs.floats))
    outcome = classroom.strongest(entry.model, range(people), defence=entry.defence, strength=entry.strength)
    return Row(entry.team, f"{entry.defence} {entry.strength:g}" if entry.defence != NONE else "no defence", outcome)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """ValueErrors begin with the path."""
    try:
        yield
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from problem


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    if path.stat().st_size > MOST_BYTES[path.name]:
        raise ValueError(f"{path.stat().st_size:,} bytes, at most {MOST_BYTES[path.name]:,} are taken")
    return path.read_bytes()


def _recipe(path: Path) -> Recipe:
    try:
        return msgspec.yaml.decode(_content(path), type=Recipe)
    except (msgspec.DecodeError, RecursionError) as problem:
        # msgspec names a key and kinds alone: values can be huge
        words = str(problem) if isinstance(problem, msgspec.ValidationError) else "not YAML"
        raise ValueError(words) from problem


def _weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        weights = load(_content(path))
    except SafetensorError as problem:
        raise ValueError(f"no whole safetensors file ({problem})") from problem
    for name, tensor in weights.items():
        if not bool(torch.isfinite(tensor.double()).all()):
            raise ValueError(f"{name} holds numbers that are not finite")
    return weights
