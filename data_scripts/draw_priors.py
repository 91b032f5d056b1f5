"""Draw random samples of both priors side by side: `python data_scripts/draw_priors.py [FILE]`.

Writes notebooks/images/priors.png by default. The DCGAN learnt from rendered people, the style-based prior from
photographs; read its card, mia_kit/models/style_prior.md, before you show its faces.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.data.folders import check_output
from mia_kit.models import sample_latents
from mia_kit.models.batches import in_batches
from mia_kit.studies.inversion.priors import load_prior

ROWS, COLUMNS, SIDE = 3, 12, 64
PRIORS = ("dcgan face", "style 1.0", "style 0.5")


def wall(name: str) -> np.ndarray:
    """ROWS x COLUMNS samples of a prior: uint8 of shape (ROWS * 64, COLUMNS * 64, 3)."""
    prior = load_prior(name)
    styles = in_batches(prior.map, sample_latents(prior, ROWS * COLUMNS, seed=0))
    images = ((synthesise(prior, styles) + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    faces = [np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for image in images]
    return np.vstack([np.hstack(faces[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS)])


def main(path: Path) -> None:
    """Write the picture: a wall for each prior, with a white line between them."""
    check_output(path)
    line = np.full((6, COLUMNS * SIDE, 3), 255, dtype=np.uint8)
    walls = [part for name in PRIORS for part in (wall(name), line)][:-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(walls)).save(path, optimize=True)
    print(f"wrote {path}: from the top {', '.join(PRIORS)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("notebooks/images/priors.png"))
