"""All factors and all seeds at once: hundreds of toy models trained and attacked as one batch.

Training one model takes thousands of steps on tiny matrices, where a computer spends its time starting operations. The
batch makes each operation large. Three things make it fast as well:

* The first layer and its batch norm fold into one small matrix: the mean and variance of a linear layer's output follow
  from the second moments of its input, which never change. Autograd is used on that matrix only.
* The second layer's batch norm is differentiated by hand, in buffers that are made once.
* Models go through training in groups whose buffers fit a processor's cache.

Every model is the one that `world.train` gives, to float accuracy; `tests/toy/test_grid.py` holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.linalg import vector_norm
from tqdm.auto import tqdm, trange

from mia_kit import check
from mia_kit.smoothing import smoothed_targets
from mia_kit.toy import world
from mia_kit.toy.world import ToyClassifier, ToyData, check_attack, check_data, distance_to_class, make_data

EPSILON = 1e-5  # of torch.nn.BatchNorm1d
GROUP = 105  # models that train together: four buffers of 4 MB
State = dict[str, Tensor]


@dataclass(frozen=True)
class ToyGrid:
    """Trained models for every pair of a factor and a seed.

    `state` holds the entries of `ToyClassifier.state_dict()`, each with two leading dimensions (factors, seeds).
    """

    smoothings: tuple[float, ...]
    seeds: tuple[int, ...]
    steps: int
    state: State

    def model(self, smoothing: float, seed: int) -> ToyClassifier:
        """One trained model as an ordinary module, in evaluation mode. ValueError if the grid does not hold it."""
        near = [i for i, known in enumerate(self.smoothings) if abs(known - smoothing) < 1e-6]
        if not near or seed not in self.seeds:
            raise ValueError(
                f"the grid holds smoothing factors {list(self.smoothings)} and seeds {list(self.seeds)}, "
                f"got smoothing {smoothing} and seed {seed} instead"
            )
        model = ToyClassifier(seed)
        weights = {name: stack[near[0], self.seeds.index(seed)] for name, stack in self.state.items()}
        model.load_state_dict(weights, strict=False)  # the file leaves out num_batches_tracked
        return model.eval()

    def layers(self) -> tuple[Tensor, Tensor, Tensor]:
        """Each model in evaluation mode as three matrices that act on [input, 1], [hidden, 1] and [features].

        Shapes (models, 20, 3), (models, 20, 21) and (models, 3, 20); models count seeds first, then factors.
        """
        flat = {name: stack.flatten(0, 1) for name, stack in self.state.items()}
        folded = []
        for layer in "12":
            scale = flat[f"norm{layer}.weight"] * (flat[f"norm{layer}.running_var"] + EPSILON).rsqrt()
            centre = flat[f"linear{layer}.bias"] - flat[f"norm{layer}.running_mean"]
            shift = flat[f"norm{layer}.bias"] + scale * centre
            folded.append(torch.cat([scale[..., None] * flat[f"linear{layer}.weight"], shift[..., None]], dim=-1))
        return folded[0], folded[1], flat["head.weight"]

    def folded(self) -> np.ndarray:
        """The same as one float32 array of shape (factors, seeds, 540), for drawing outside Python.

        Row by row: first weights 20 x 2, shifts 20; second weights 20 x 20, shifts 20; head 3 x 20.
        """
        first, second, head = self.layers()
        parts = [first[..., :-1], first[..., -1], second[..., :-1], second[..., -1], head]
        rows = torch.cat([part.flatten(1) for part in parts], dim=1)  # (models, 540)
        return rows.reshape(len(self.smoothings), len(self.seeds), -1).numpy().astype("<f4")

    def save(self, path: str | Path) -> None:
        """Write the grid as safetensors."""
        about = {"smoothings": self.smoothings, "seeds": self.seeds, "steps": self.steps}
        tensors = {name: stack.contiguous() for name, stack in self.state.items()}
        save_file(tensors, path, {"grid": json.dumps(about), "torch": str(torch.__version__)})

    @classmethod
    def load(cls, path: str | Path) -> ToyGrid:
        """Read a grid that `save` wrote."""
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["grid"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return cls(tuple(about["smoothings"]), tuple(about["seeds"]), about["steps"], state)


def load_table() -> ToyGrid:
    """The grid that ships with the package: 33 factors from -0.3 to 0.5, 11 seeds, the paper's 5,000 steps."""
    return ToyGrid.load(str(resources.files("mia_kit.toy") / "table.safetensors"))


def load_table_attack() -> np.ndarray:
    """Distances of the paper's attack on every model of `load_table()`: float32 of shape (factors, seeds).

    Shipped so that the first curve stands at once; `tests/toy/test_grid.py` holds it to `invert_grid`.
    """
    return np.load(str(resources.files("mia_kit.toy") / "table_attack.npy"), allow_pickle=False)


def train_grid(
    smoothings: Sequence[float],
    seeds: Sequence[int],
    data: ToyData | Sequence[ToyData] | None = None,
    steps: int = 5000,
    progress: bool = True,
) -> ToyGrid:
    """Train a classifier for every factor in (-inf, 1] and every seed of initial weights, all as one batch.

    `data` are the training points, for all seeds or, equally many, for each; `make_data()` by default. `steps` are
    gradient steps, learning rate 0.001, momentum 0.9. Warns with a RuntimeWarning for each model that left the range of
    float32.
    """
    factors = check.array("smoothings", smoothings, ("factors",)).astype(float).tolist()
    seeds, steps = check.counts("seeds", seeds, least=0), check.count("steps", steps, 0)
    data_of_seed = _for_each(seeds, data)
    pairs = [(factor, *own) for factor in factors for own in zip(seeds, data_of_seed, strict=True)]
    parts = []
    with tqdm(total=steps * len(pairs), desc="training toy models", unit="step", disable=not progress) as bar:
        for begin in range(0, len(pairs), GROUP):
            group = _Group(pairs[begin : begin + GROUP])
            for _ in range(steps):
                group.step()
                bar.update(len(group.targets))
            parts.append(group.state)
    shape = (len(factors), len(seeds))
    state = {name: torch.cat([part[name].detach() for part in parts]).unflatten(0, shape) for name in parts[0]}
    for index, (smoothing, seed, _) in enumerate(pairs):
        model = {name: stack.flatten(0, 1)[index] for name, stack in state.items()}
        world.warn_if_overflown(model, f"smoothing {smoothing:g} and seed {seed}")
    return ToyGrid(tuple(factors), seeds, steps, state)


def _for_each(seeds: Sequence[int], data: ToyData | Sequence[ToyData] | None) -> list[ToyData]:
    given = [data] * len(seeds) if data is None or isinstance(data, ToyData) else data
    clouds = [check_data(data) for data in check.kind("data", given, (list, tuple), "ToyData, a list of them or None")]
    counts = [len(data.points) for data in clouds]
    if len(clouds) != len(seeds) or len(set(counts)) > 1:
        raise ValueError(f"give as many points for each of {len(seeds)} seeds, got {counts} instead")
    return clouds


class _Group:
    """Parameters, momenta and buffers of models that train together. Arrays run (models, units, points)."""

    def __init__(self, pairs: Sequence[tuple[float, int, ToyData]]) -> None:
        clouds = [data.points for *_, data in pairs]
        shared = all(points is clouds[0] for points in clouds)
        points = clouds[0] if shared else torch.stack(clouds)  # (points, 2) or (models, points, 2)
        models, count = len(pairs), points.shape[-2]
        fresh = [ToyClassifier(seed).state_dict() for _, seed, _ in pairs]
        names = [name for name in fresh[0] if not name.endswith("num_batches_tracked")]
        self.state = {name: torch.stack([state[name] for state in fresh]) for name in names}
        weights = [self.state[name].requires_grad_() for name in names if "running" not in name]
        self.optimiser = torch.optim.SGD(weights, lr=world.LEARNING_RATE, momentum=world.MOMENTUM, foreach=True)
        self.targets = torch.stack([smoothed_targets(data.labels, 3, smoothing).T for smoothing, _, data in pairs])
        self.points = torch.cat([points.mT, torch.ones_like(points[..., :1]).mT], dim=-2)  # (..., 3, points): [x, y, 1]
        self.mean = points.mean(dim=-2, keepdim=True)
        self.covariance = ((points - self.mean).mT @ (points - self.mean) / count).double()
        self.hidden, self.standardised, self.features, self.scratch = torch.empty(4, models, 20, count).unbind()
        self.logits, self.spread = torch.empty(models, 3, count), torch.empty(models, 20, 1)

    def step(self) -> None:
        """One step of gradient descent for all models of the group."""
        first = self._fold_first()  # (models, 20, 3)
        self._forward(first.detach())
        self._backward(first)
        self.optimiser.step()

    def _forward(self, first: Tensor) -> None:
        """Fill hidden, standardised (the second layer's, before gain and shift), spread, features and logits."""
        torch.matmul(first, self.points, out=self.hidden).clamp_min_(0)
        # the bias cancels in the norm
        torch.bmm(self.state["linear2.weight"].detach(), self.hidden, out=self.standardised)
        mean = self.standardised.mean(dim=-1, keepdim=True)  # (models, 20, 1)
        self.standardised.sub_(mean)
        # squares of a model that runs away leave float32 long before its weights do: BatchNorm1d takes them in float64
        lengths = vector_norm(self.standardised, dim=-1, keepdim=True, dtype=torch.float64)
        variance = lengths.square() / self.points.shape[-1]
        self._track("2", mean, variance)
        self.spread = (variance + EPSILON).rsqrt().float()
        self.standardised.mul_(self.spread)
        scale, shift = (self.state[f"norm2.{part}"].detach()[..., None] for part in ("weight", "bias"))
        torch.addcmul(shift, scale, self.standardised, out=self.features).clamp_min_(0)
        torch.bmm(self.state["head.weight"].detach(), self.features, out=self.logits)

    def _backward(self, first: Tensor) -> None:
        """Give every parameter its gradient. At the logits that of the mean loss is (softmax - targets) / points."""
        count = self.points.shape[-1]
        to_logits = torch.softmax(self.logits, dim=1, out=self.logits).sub_(self.targets).div_(count)
        self.state["head.weight"].grad = to_logits @ self.features.mT
        flow = torch.bmm(self.state["head.weight"].detach().mT, to_logits, out=self.scratch)
        _relu_backward_(flow, self.features)
        # batch norm: the flow loses its mean and its share along the standardised output, and is scaled by the gain
        to_shift = flow.sum(dim=-1, keepdim=True)
        to_scale = torch.mul(flow, self.standardised, out=self.features).sum(dim=-1, keepdim=True)
        flow.sub_(to_shift / count).addcmul_(self.standardised, to_scale / count, value=-1)
        self.state["norm2.weight"].grad, self.state["norm2.bias"].grad = to_scale[..., 0], to_shift[..., 0]
        gain = self.state["norm2.weight"].detach()[..., None] * self.spread
        self.state["linear2.weight"].grad = (flow @ self.hidden.mT).mul_(gain)
        to_hidden = torch.bmm((self.state["linear2.weight"].detach() * gain).mT, flow, out=self.features)
        _relu_backward_(to_hidden, self.hidden)
        parameters = [self.state[name] for name in ("linear1.weight", "norm1.weight", "norm1.bias")]
        gradients = torch.autograd.grad(first, parameters, to_hidden @ self.points.mT)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient

    def _fold_first(self) -> Tensor:
        """The first layer and its batch norm as one matrix that acts on [x, y, 1], of shape (models, 20, 3)."""
        weight = self.state["linear1.weight"].double()  # as in the second layer, for the sake of the squares
        centre = (weight * self.mean).sum(dim=-1, keepdim=True)  # (models, 20, 1)
        variance = (weight @ self.covariance * weight).sum(dim=-1, keepdim=True)
        self._track("1", centre.detach(), variance.detach())
        gain = self.state["norm1.weight"][..., None] * (variance + EPSILON).rsqrt()
        return torch.cat([weight * gain, self.state["norm1.bias"][..., None] - centre * gain], dim=-1).float()

    def _track(self, layer: str, mean: Tensor, variance: Tensor) -> None:
        """Update a norm's running statistics from one step's, of shape (models, 20, 1), as BatchNorm1d does.

        No `lerp_`, which makes NaN of two infinities.
        """
        count = self.points.shape[-1]
        bias = self.state[f"linear{layer}.bias"].detach()
        self.state[f"norm{layer}.running_mean"].mul_(0.9).add_(mean[..., 0] + bias, alpha=0.1)
        self.state[f"norm{layer}.running_var"].mul_(0.9).add_(variance[..., 0], alpha=0.1 * count / (count - 1))


def _relu_backward_(gradient: Tensor, output: Tensor) -> None:
    """Zero the gradient in place wherever the ReLU's output is zero."""
    torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)


@dataclass(frozen=True)
class GridInversions:
    """Results of the attack on every model from every start; arrays of shape (factors, seeds, starts).

    steps, stopped, distance mean what they do in `InversionPath`; result has the shape (factors, seeds, starts, 2).
    """

    smoothings: tuple[float, ...]
    seeds: tuple[int, ...]
    starts: tuple[tuple[float, float], ...]
    steps: np.ndarray
    stopped: np.ndarray
    distance: np.ndarray
    result: np.ndarray


def invert_grid(
    grid: ToyGrid,
    starts: Sequence[Sequence[float]] = ((-3.0, -10.0),),
    target_class: int = 2,
    *,
    learning_rate: float = 0.1,
    max_steps: int = 10_000,
    stop_confidence: float = 0.95,
    progress: bool = False,
) -> GridInversions:
    """`world.invert` for every model of the grid and every start, a pair of coordinates, as one batch."""
    check.kind("grid", grid, ToyGrid, "a ToyGrid")
    check.array("starts", starts, ("starts", 2))
    for start in starts:
        check_attack(start, learning_rate, max_steps, stop_confidence)
    target_class = check.count("target_class", target_class, 0, len(grid.state["head.weight"][0, 0]) - 1)
    layers = grid.layers()
    models = len(layers[0])
    # (models, 2, starts): every start runs on every model
    points = torch.tensor(starts, dtype=torch.float32).T.expand(models, -1, -1).contiguous()
    steps = torch.full((models, len(starts)), max_steps)
    running = torch.arange(models)
    current = points.clone()
    for step in trange(max_steps, desc="inverting", disable=not progress):
        gradient, confidence = _attack_gradient(layers, current, target_class)
        moving = (steps[running] == max_steps)[:, None]
        current = torch.where(moving, current - learning_rate * gradient, current)
        crossed = (confidence > stop_confidence) & moving[:, 0]
        if not crossed.any():
            continue
        steps[running] = torch.where(crossed, step, steps[running])
        points[running] = current
        left = (steps[running] == max_steps).any(dim=1)
        running, current = running[left], current[left]
        layers = (layers[0][left], layers[1][left], layers[2][left])
        if not len(running):
            break
    points[running] = current
    shape, results = (len(grid.smoothings), len(grid.seeds), len(starts)), points.mT  # (models, starts, 2)
    distance = distance_to_class(results.reshape(-1, 2), target_class, make_data())
    return GridInversions(
        smoothings=grid.smoothings,
        seeds=grid.seeds,
        starts=tuple((float(x), float(y)) for x, y in starts),
        steps=steps.reshape(shape).numpy(),
        stopped=(steps < max_steps).reshape(shape).numpy(),
        distance=distance.reshape(shape).numpy(),
        result=results.reshape(*shape, 2).numpy(),
    )


def _attack_gradient(layers: tuple[Tensor, Tensor, Tensor], points: Tensor, target_class: int) -> tuple[Tensor, Tensor]:
    """Gradient of the target's cross-entropy at `points` (models, 2, starts), and the confidence (models, starts)."""
    first, second, head = layers
    hidden = torch.baddbmm(first[..., -1:], first[..., :-1], points).relu_()
    features = torch.baddbmm(second[..., -1:], second[..., :-1], hidden).relu_()
    probabilities = (head @ features).softmax(dim=1)  # (models, 3, starts)
    confidence = probabilities[:, target_class].clone()
    probabilities[:, target_class] -= 1
    to_features = (head.mT @ probabilities).mul_(features > 0)
    to_hidden = (second[..., :-1].mT @ to_features).mul_(hidden > 0)
    return first[..., :-1].mT @ to_hidden, confidence
