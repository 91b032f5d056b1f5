"""How much faster are many classes at once than one after another? `python tests/attacks/benchmark_batched.py`

BREP-MI and the black box of MIRROR, 20 classes of a small target at 64 x 64, the style-based prior. One class at a time
is the same attack called for each class alone, so the results must be the same, which is printed too. What is gained
has two sources, told apart by the images that the target is asked about: all classes share the draws from the prior,
and they share calls. On one core a call of 32 images costs as much for each image as one of 640, so the second source
is for several cores and for GPUs. `--share` is the share of the paper's counts that is run; by default a small one.

The labels of that target are met at once, so that BREP-MI has no draws to share.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from mia_kit.access import Access, ConfidenceAPI, LabelAPI
from mia_kit.attacks import Reconstructions, brep, mirror
from mia_kit.models import SmallClassifier, sample_latents
from mia_kit.models.batches import in_batches
from mia_kit.models.style_prior import StylePrior, load_style_prior

SIZE, CLASSES, BATCH = (64, 64), 20, 100
Attack = Callable[[list[int]], Reconstructions]


@torch.no_grad()
def target(prior: StylePrior) -> nn.Module:
    """A classifier of random features whose 20 classes are the regions around 20 images of the prior."""
    model = SmallClassifier(3, CLASSES, seed=0).eval()
    latents = sample_latents(prior, 500, seed=123)
    features = in_batches(lambda part: model.features(prior(part).clamp(-1, 1)), latents, batch_size=BATCH)
    mean, std = features.mean(dim=0), features.std(dim=0).clamp_min(1e-6)
    centres = ((features - mean) / std)[:CLASSES]
    model.head.weight.copy_(centres / std / 8)
    model.head.bias.copy_(-(centres * mean / std).sum(dim=1) / 8 - centres.square().sum(dim=1) / 16)
    return model


def compare(name: str, attack: Attack, access: Access) -> None:
    """Time one class at a time and all at once, and say whether the results are the same."""
    targets = list(range(CLASSES))
    attack(targets[:1])  # warm
    began, before = time.perf_counter(), access.queries
    alone = [attack([target]) for target in targets]
    slow, asked_alone = time.perf_counter() - began, access.queries - before
    began = time.perf_counter()
    together = attack(targets)
    fast = time.perf_counter() - began
    codes, scores = (torch.cat([getattr(one, part) for one in alone]) for part in ("codes", "scores"))
    gap = (codes - together.codes).nan_to_num().abs().max()
    same = torch.equal(scores.isnan(), together.scores.isnan())
    print(f"{name}: one class at a time {slow:.1f} s, all at once {fast:.1f} s, ratio {slow / fast:.1f}")
    print(f"  images asked: {asked_alone} and {together.queries}, ratio {asked_alone / together.queries:.1f}; ", end="")
    print(f"milliseconds for one: {1e3 * slow / asked_alone:.2f} and {1e3 * fast / together.queries:.2f}")
    print(f"  classes reached: {int(together.reached.sum())}, the same ones: {same}; greatest difference: ", end="")
    print(f"codes {gap:.1e}, scores {(scores - together.scores).nan_to_num().abs().max():.1e}", flush=True)


def random_regions(share: float) -> tuple[nn.Module, mirror.GeneticSettings, brep.Settings]:
    """A target whose labels are met at once, and this share of the paper's counts."""
    # The paper's 100,000 draws, and 100 generations of 100, in the same proportion.
    genetic = mirror.GeneticSettings(
        input_size=SIZE,
        pool=round(100_000 * share),
        population=round(100 * share**0.5),
        generations=round(100 * share**0.5),
        batch_size=BATCH,
    )
    walk = brep.Settings(input_size=SIZE, iterations=max(1, round(1000 * share)), batch_size=BATCH)
    return target(load_style_prior()), genetic, walk


def main() -> None:
    """Compare both attacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.01)
    model, genetic, walk = random_regions(parser.parse_args().share)
    common: dict[str, Any] = {"prior": load_style_prior(), "seed": 0, "progress": False}
    service, labels = ConfidenceAPI(model), LabelAPI(model)
    compare(
        "MIRROR, confidences", lambda targets: mirror.run_black(service, targets, settings=genetic, **common), service
    )
    compare("BREP-MI, labels", lambda targets: brep.run(labels, targets, settings=walk, **common), labels)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
