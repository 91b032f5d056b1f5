"""One toy model at a time: data, classifier, training, inversion.

Follows figure 1 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024), in all settings.
The factor is not ramped here: the paper's toy trains with it from the first step.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from sklearn.datasets import make_blobs
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm.auto import trange

from mia_kit import check
from mia_kit.seeds import seeded
from mia_kit.smoothing import check_smoothing, smoothed_cross_entropy
from mia_kit.snapshot import snapshot
from mia_kit.threads import one_thread

CENTRES = ((0.0, -10.0), (-10.0, 10.0), (10.0, 10.0))
LEARNING_RATE, MOMENTUM = 1e-3, 0.9
# By products of matrices, PyTorch's shortcut, a point would be up to 0.008 away from itself.
distances = partial(torch.cdist, compute_mode="donot_use_mm_for_euclid_dist")


@dataclass(frozen=True)
class ToyData:
    """The training points, a float Tensor of shape (n, 2), and their labels in {0, 1, 2}, of shape (n,)."""

    points: Tensor
    labels: Tensor

    def of_class(self, target_class: int) -> Tensor:
        """The points of one class, of shape (count, 2)."""
        return self.points[self.labels == target_class]


def make_data(n: int = 500, seed: int = 17) -> ToyData:
    """Three Gaussian clouds around `CENTRES` with standard deviation 1.6; `n` points in all, at least 3."""
    seed = check.count("seed", seed, 0, 2**32 - 1)
    points, labels = make_blobs(check.count("n", n, 3), centers=CENTRES, cluster_std=1.6, random_state=seed)
    return ToyData(torch.tensor(points, dtype=torch.float32), torch.tensor(labels))


class ToyClassifier(nn.Module):
    """The paper's network 2-20-20-3: batch norm and ReLU after two layers, the last one without bias.

    `forward` maps points (n, 2) to logits (n, 3); `features` gives the penultimate activations (n, 20). The seed sets
    PyTorch's usual initialisation and leaves the global random state as it was.
    """

    def __init__(self, seed: int = 42) -> None:
        super().__init__()
        with seeded(seed):
            self.linear1, self.norm1 = nn.Linear(2, 20), nn.BatchNorm1d(20)
            self.linear2, self.norm2 = nn.Linear(20, 20), nn.BatchNorm1d(20)
            self.head = nn.Linear(20, 3, bias=False)

    def features(self, points: Tensor) -> Tensor:
        hidden = torch.relu(self.norm1(self.linear1(points)))
        return torch.relu(self.norm2(self.linear2(hidden)))

    def forward(self, points: Tensor) -> Tensor:
        return self.head(self.features(points))


def train(
    smoothing: float,
    seed: int = 42,
    data: ToyData | None = None,
    *,
    steps: int = 5000,
    progress: bool = False,
    on_step: Callable[[int], None] | None = None,
) -> ToyClassifier:
    """Train one classifier by full-batch gradient descent, as the paper does, and return it in evaluation mode.

    smoothing : the label-smoothing factor, in (-inf, 1]
    seed : of the initial weights; full-batch training draws nothing else
    data : the training points; `make_data()` by default
    steps : gradient steps, learning rate 0.001, momentum 0.9
    on_step : called with the number of each step that is done

    Warns with a RuntimeWarning, if the model left the range of float32, as it does with factors below about -1.
    """
    check_smoothing(smoothing)
    data, steps = check_data(data), check.count("steps", steps, 0)
    model = ToyClassifier(seed)
    optimiser = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    with one_thread():
        for step in trange(steps, desc=f"training, smoothing {smoothing:+.3g}", disable=not progress):
            optimiser.zero_grad()
            smoothed_cross_entropy(model(data.points), data.labels, smoothing).backward()
            optimiser.step()
            if on_step is not None:
                on_step(step + 1)
    warn_if_overflown(model.state_dict(), f"smoothing {smoothing:g} and seed {seed}")
    return model.eval()


def warn_if_overflown(state: Mapping[str, Tensor], which: str) -> None:
    """Warn with a RuntimeWarning where a trained model, which is `which`, holds a number that is not finite."""
    if spoilt := [name for name, values in state.items() if not values.isfinite().all()]:
        warnings.warn(
            f"the toy model of {which} left the range of float32 in training ({', '.join(spoilt)}): where an attack on "
            "it ends says nothing. Take a factor nearer to 0.",
            RuntimeWarning,
            stacklevel=3,
        )


@dataclass(frozen=True)
class InversionPath:
    """What an inversion did.

    points : float Tensor of shape (k, 2); the start first, the result last
    confidences : float Tensor of shape (k,) in [0, 1]; of the target class, at each point
    gradient_norms : float Tensor of shape (k - 1,); length of the loss gradient at each point but the last
    steps : updates after which the confidence first stood above the stop, or max_steps
    stopped : whether it did
    distance : Euclidean distance from the result to the nearest of `make_data()` of the target class
    target_class : the class that was attacked
    """

    points: Tensor
    confidences: Tensor
    gradient_norms: Tensor
    steps: int
    stopped: bool
    distance: float
    target_class: int

    @property
    def result(self) -> Tensor:
        """The attacker's reconstruction, of shape (2,)."""
        return self.points[-1]


def invert(
    model: nn.Module,
    start: Sequence[float] = (-3.0, -10.0),
    target_class: int = 2,
    *,
    learning_rate: float = 0.1,
    max_steps: int = 10_000,
    stop_confidence: float = 0.95,
) -> InversionPath:
    """Move a point downhill on the cross-entropy of the target class until the model is confident.

    The confidence is read before each update and acted on after it, as in the published run: the result therefore
    lies one update past the point whose confidence crossed `stop_confidence`. What is asked is a copy of the model in
    evaluation mode.

    model : maps points of shape (n, 2) to logits of shape (n, classes)
    start : two coordinates
    learning_rate : step length per unit of gradient, above 0
    max_steps : the most updates, at least 1
    stop_confidence : in (0, 1]; 1 is never passed, so that all steps are made
    """
    check_attack(start, learning_rate, max_steps, stop_confidence)
    model = snapshot(model).requires_grad_(False)
    point = torch.tensor([tuple(start)], dtype=torch.float32)  # (1, 2)
    classes = model(point).shape[1]
    target_class = check.count("target_class", target_class, 0, classes - 1)
    label = torch.tensor([target_class])
    points, confidences = [point], []
    norms: list[Tensor] = []
    stopped = False
    with one_thread():
        while not stopped and len(norms) < max_steps:
            point = point.detach().requires_grad_()
            loss = cross_entropy(model(point), label)
            (gradient,) = torch.autograd.grad(loss, point)
            point = point.detach() - learning_rate * gradient
            points.append(point)
            confidences.append(loss.detach().neg().exp())
            norms.append(gradient.norm())
            stopped = bool(confidences[-1] > stop_confidence)
    with torch.no_grad():
        confidences.append(model(point).softmax(dim=1)[0, target_class])
    return InversionPath(
        points=torch.cat(points),
        confidences=torch.stack(confidences),
        gradient_norms=torch.stack(norms),
        steps=len(norms) - 1 if stopped else max_steps,
        stopped=stopped,
        distance=float(distance_to_class(point, target_class, make_data())),
        target_class=target_class,
    )


def check_data(data: ToyData | None) -> ToyData:
    """The points that were given, `make_data()` for None; TypeError for anything else."""
    kind = "the ToyData of make_data() or None"
    return make_data() if data is None else check.kind("data", data, ToyData, kind)


def distance_to_class(points: Tensor, target_class: int, data: ToyData) -> Tensor:
    """Euclidean distance from each of `points` (n, 2) to the nearest training point of the class, of shape (n,).

    Infinite for a point that is not finite. ValueError if no training point has the class.
    """
    check.floats("points", points, ("n", 2))
    of_class = check_data(data).of_class(check.count("target_class", target_class, 0))
    check.count(f"the number of points of class {target_class}", len(of_class))
    return distances(points, of_class).amin(dim=1).nan_to_num(nan=torch.inf, posinf=torch.inf)


def check_attack(start: Sequence[float] | Tensor, learning_rate: float, max_steps: int, stop_confidence: float) -> None:
    """ValueError for a setting of an inversion that is out of range."""
    check.array("start", start, (2,))
    check.in_range("learning_rate", learning_rate, 0, open_ends="low")
    check.count("max_steps", max_steps)
    check.in_range("stop_confidence", stop_confidence, 0, 1, open_ends="low")
