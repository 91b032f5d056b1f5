"""Write the classifiers of drawn people that come with the course, and the faces that chapters 3 and 5 let one drag.

    python data_scripts/ship_drawn.py [--store FOLDER]

Everything is a part of `mia-kit run smoothing_drawn`, seed 1: what the store has is read, the rest is trained and
attacked now, two to three core-hours in all. It writes into the package:

* `studies/inversion/shipped`: seven targets, evaluator and second judge in half precision, the centres of the second
  judge's embedding, and a card;
* `widgets/faces_lab.webp` and `.json`: a sheet of faces, people by columns, and one row for each factor, loss and
  number of steps; what the judges said of each face, and of all people who were judged;
* `notebooks/images/faces.webp`: the README's moving picture.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import interpolate

from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.data.pictures import to_bytes
from mia_kit.models import Classifier
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.inversion import shipped
from mia_kit.studies.inversion.attack import Attacked, Inversion, inversion
from mia_kit.studies.inversion.cells import TargetCell
from mia_kit.studies.inversion.judges import Judges, JudgesPart, judge, judges_of
from mia_kit.studies.inversion.networks import Target, target
from mia_kit.studies.inversion.people import PeoplePart
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Recipe

WIDGETS = Path(shipped.__file__).parents[3] / "widgets"
FILM = WIDGETS.parents[1] / "notebooks" / "images" / "faces.webp"
LOSSES = ("cross_entropy", "poincare", "logit")
SHOWN = 12  # people whose faces are shown
TILE, QUALITY = 64, 70


@dataclass(frozen=True)
class Parts:
    """The parts of one seed."""

    recipe: Recipe
    people: PeoplePart
    targets: dict[float, Target]
    judges: JudgesPart

    @classmethod
    def of(cls, recipe: Recipe, seed: int) -> Parts:
        """Those of a recipe."""
        people = PeoplePart(recipe.world, seed)
        per_class = recipe.targets[0].per_class[0]
        targets = {
            strength: target(people, recipe.target, strength=strength, per_class=per_class)
            for strength in sorted(recipe.targets[0].strengths)
        }
        return cls(recipe, people, targets, judges_of(people, recipe.evaluator, recipe.judge))

    def attack(self, factor: float, loss: str) -> Inversion:
        """The attack of the recipe with one of the losses, by Adam."""
        section = next(section for section in self.recipe.attacks if loss in section.losses)
        model = self.targets[factor]
        return inversion(model, self.judges, self.recipe.search, cast(Any, loss), section.rates)


def write_classifiers(parts: Parts, maker: Maker, folder: Path) -> None:
    """Classifiers, centres and card."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = {shipped.target_file(factor): part for factor, part in parts.targets.items()}
    networks = {stem: maker(part) for stem, part in targets.items()}
    assert parts.judges.second is not None
    networks |= {"evaluator": maker(parts.judges.named_by), "judge": maker(parts.judges.second)}
    lines = [
        "# Classifiers of drawn people",
        "",
        f"Trained by `mia-kit run smoothing_drawn`, seed {parts.people.seed}. In half precision, written by "
        "`data_scripts/ship_drawn.py`.",
        "",
        "The people do not exist: each is a latent of a generator of rendered faces (DigiFace-1M). Their photographs "
        "are drawn around it. Pictures of them may be stored, shown and published. Use: teaching.",
        "",
        "| file | accuracy on photographs nobody was given | margin | dose | sha256 |",
        "|---|---|---|---|---|",
    ]
    for stem, network in networks.items():
        path = folder / f"{stem}.safetensors"
        save_file(halved(network), path)
        path.chmod(0o644)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        numbers = "| | | "
        if stem in targets:
            rows = maker(TargetCell(targets[stem], parts.people.seed)).set_index("measure")["value"]
            numbers = f"| {rows['accuracy']:.3f} | {rows['margin']:.1f} | {rows['dose']:.2f} "
        lines.append(f"| {path.name} {numbers}| {digest} |")
    (folder / "card.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.save(folder / "centres.npy", maker(parts.judges).centres.astype(np.float16))


def halved(network: Classifier) -> dict[str, Tensor]:
    """The weights in half precision; whole numbers stay whole."""
    return {
        name: (weight.half() if weight.is_floating_point() else weight).contiguous()
        for name, weight in network.state_dict().items()
    }


def write_faces(parts: Parts, maker: Maker, folder: Path, film: Path) -> None:
    """The sheet of faces and its numbers in a folder, and the README's moving picture."""
    judges, prior = maker(parts.judges), load_prior(parts.recipe.search.prior)
    assert judges.latents is not None
    first = maker(parts.attack(min(parts.targets), LOSSES[0]))
    people = first.people[:SHOWN]
    rows, numbers = [tiles(synthesise(prior, judges.latents[people]))], []
    for factor in parts.targets:
        for loss in LOSSES:
            attacked = maker(parts.attack(factor, loss))
            for place, steps in enumerate(attacked.looks):
                images = synthesise(prior, attacked.codes[place])
                rows.append(tiles(images[:SHOWN]))
                numbers.append({"factor": factor, "loss": loss, "steps": steps} | said(judges, attacked, images, place))
    sheet = np.concatenate(rows)
    Image.fromarray(sheet).save(folder / "faces_lab.webp", quality=QUALITY, method=6)
    table = {
        "factors": list(parts.targets),
        "losses": list(LOSSES),
        "steps": list(first.looks),
        "people": [int(person) for person in people],
        "judged": len(first.people),
        "classes": len(judges.centres),
        "seed": parts.people.seed,
        "tile": TILE,
        "rows": numbers,  # in the order of the sheet's, whose first row are the pictures of the true latents
    }
    write_film(table, sheet, film)
    (folder / "faces_lab.json").write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")


def write_film(table: dict[str, Any], sheet: np.ndarray, path: Path) -> None:
    """The README's moving picture: six people, below each what is brought back as the factor falls and rises again."""
    tile, shown = table["tile"], 6
    rows = {(row["factor"], row["loss"], row["steps"]): number for number, row in enumerate(table["rows"], 1)}
    frames = []
    for factor in [*reversed(table["factors"]), *table["factors"][1:-1]]:
        row = rows[factor, "cross_entropy", table["steps"][-1]]
        pair = [sheet[number * tile : (number + 1) * tile, : shown * tile] for number in (0, row)]
        frame = Image.fromarray(np.concatenate(pair)).resize((shown * 2 * tile, 4 * tile), Image.Resampling.BICUBIC)
        banner = Image.new("RGB", (frame.width, frame.height + 40), "white")
        banner.paste(frame, (0, 40))
        ImageDraw.Draw(banner).text((8, 8), f"smoothing factor {factor:+.2f}", fill="black", font_size=22)
        frames.append(banner)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=900, loop=0, quality=70, method=6)


def tiles(images: Tensor) -> np.ndarray:
    """Images of shape (n, 3, h, w) in [-1, 1] beside each other: uint8 of shape (TILE, n * TILE, 3)."""
    small = interpolate(images, (TILE, TILE), mode="bilinear", antialias=True, align_corners=False)
    return np.concatenate(list(to_bytes(small).permute(0, 2, 3, 1).numpy()), axis=1)


def said(judges: Judges, attacked: Attacked, images: Tensor, place: int) -> dict[str, Any]:
    """Of the people who are shown their ranks and distances; of all who were judged the means."""
    steps = attacked.looks[place]
    measures = judge(judges, images, attacked.codes[place], attacked.people)
    near = attacked.norms[max(0, steps - 5) : max(1, steps)]
    return {
        "ranks": [int(rank) for rank in measures["rank"][:SHOWN]],
        "distances": [round(float(distance), 2) for distance in measures["distance"][:SHOWN]],
        "hits": round(float(measures["acc1"].mean()), 4),
        "named": round(float(measures["named"].mean()), 4),
        "distance": round(float(measures["distance"].mean()), 3),
        "norm": float(f"{np.nanmedian(near):.3g}"),
    }


def main() -> None:
    """Make what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="where the parts lie; where `mia-kit run` keeps them by default")
    options = parser.parse_args()
    maker = Maker(Store(options.store) if options.store else Store())
    parts = Parts.of(shipped.recipe(), shipped.SEED)
    write_classifiers(parts, maker, shipped.FOLDER)
    write_faces(parts, maker, WIDGETS, FILM)


if __name__ == "__main__":
    main()
