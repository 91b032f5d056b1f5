"""How much faster is the attack than a plain loop? `python tests/attacks/benchmark_ppa.py`

The plain loop is what one writes first: one target after another in batches of 25, networks as they were loaded, one
augmentation at a time, and the images synthesised again for each of six measures. It draws the same latents and crops,
so its reconstructions must be the same, which is printed too. Steps and views are the paper's, 50 and 100; candidates
are an eighth of its 200.
"""

import time

import torch
from torch import Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, Settings, poincare, run
from mia_kit.attacks.crops import cut
from mia_kit.models import ResidualClassifier, SmallClassifier, sample_latents
from mia_kit.models.style_prior import StylePrior

SIZE, CLASSES, BATCH, MEASURES = (64, 64), 105, 25, 6
TARGETS = (0, 7, 21, 40)
SETTINGS = Settings(
    input_size=SIZE, pool=500, candidates=25, keep=10, steps=50, learning_rate=0.02, selection_views=100, batch_size=100
)


def networks() -> tuple[nn.Module, StylePrior, nn.Module]:
    """Target, prior and evaluator with random weights, which cost as much as trained ones."""
    prior = StylePrior(seed=0).eval()
    return ResidualClassifier(3, CLASSES, seed=0).eval(), prior, SmallClassifier(3, CLASSES, seed=1).eval()


def plain(target: nn.Module, prior: StylePrior, evaluator: nn.Module) -> tuple[Tensor, Tensor, list[float]]:
    """Codes of all candidates, target after target, their scores, and the values of the measures."""
    prior.to(memory_format=torch.contiguous_format)  # as a network is unless one asks for more
    random = torch.Generator().manual_seed(1)
    count = len(TARGETS) * SETTINGS.candidates
    pool = sample_latents(prior, SETTINGS.pool, seed=0)
    with torch.no_grad():
        rows = []
        for latents in pool.split(BATCH):
            images = prior.synthesise(prior.map(latents)).clamp(-1, 1)
            rows.append((target(images).softmax(1) + target(images.flip(3)).softmax(1)) / 2)
        confidences = torch.cat(rows)
    boxes = SETTINGS.crop.boxes(SETTINGS.steps * count, random).view(SETTINGS.steps, count, 2, 3)
    codes = []
    for place, label in enumerate(TARGETS):
        starts = pool[confidences[:, label].topk(SETTINGS.candidates).indices]
        for first in range(0, SETTINGS.candidates, BATCH):
            code = prior.map(starts[first : first + BATCH]).detach().clone().requires_grad_()
            adam = torch.optim.Adam([code], lr=SETTINGS.learning_rate, betas=SETTINGS.betas)
            at = place * SETTINGS.candidates + first
            for step in range(SETTINGS.steps):
                adam.zero_grad()
                views = cut(prior.synthesise(code), boxes[step, at : at + BATCH], SIZE)
                poincare(target(views), torch.full((BATCH,), label)).sum().backward()
                adam.step()
            codes.append(code.detach())
    everything = torch.cat(codes)
    labels = torch.tensor(TARGETS).repeat_interleave(SETTINGS.candidates)
    views_boxes = SETTINGS.selection_crop.boxes(SETTINGS.selection_views * count, random)
    scores = torch.zeros(count)
    with torch.no_grad():
        for boxes_of_view in views_boxes.view(SETTINGS.selection_views, count, 2, 3):
            for part in torch.arange(count).split(BATCH):
                images = prior.synthesise(everything[part]).clamp(-1, 1)
                confidence = target(cut(images, boxes_of_view[part], SIZE)).softmax(1)
                scores[part] += confidence.gather(1, labels[part, None]).squeeze(1) / SETTINGS.selection_views
        values = []
        for _ in range(MEASURES):
            judged = [evaluator(prior.synthesise(part).clamp(-1, 1)) for part in everything.split(BATCH)]
            values.append(float(torch.cat(judged).gather(1, labels[:, None]).mean()))
    return everything, scores, values


def ours(target: nn.Module, prior: StylePrior, evaluator: nn.Module) -> tuple[Reconstructions, list[float]]:
    """The package's attack, and the measures of the images it returns."""
    found = run(WhiteBox(target), TARGETS, prior=prior, seed=0, settings=SETTINGS, progress=False)
    with torch.no_grad():
        values = []
        for _ in range(MEASURES):
            judged = torch.cat([evaluator(part) for part in found.images.split(100)])
            values.append(float(judged.gather(1, found.targets[:, None]).mean()))
    return found, values


def main() -> None:
    """Time both and compare their results."""
    began = time.perf_counter()
    codes, scores, values = plain(*networks())
    slow = time.perf_counter() - began
    began = time.perf_counter()
    found, same = ours(*networks())
    fast = time.perf_counter() - began
    print(f"plain loop: {slow:.1f} s; ours: {fast:.1f} s; ratio: {slow / fast:.1f} ({torch.get_num_threads()} threads)")
    print(f"greatest difference: codes {(codes - found.codes).abs().max():.1e} of {codes.abs().max():.1f}, ", end="")
    print(f"scores {(scores - found.scores).abs().max():.1e}, measures {abs(values[0] - same[0]):.1e}")


if __name__ == "__main__":
    main()
