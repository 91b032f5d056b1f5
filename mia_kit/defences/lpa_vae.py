"""LPA by a variational autoencoder: one forward pass for what `LabelPreservingPoison` finds by optimisation.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning". The network turns a clean
vector and a random code into a perturbation, and is trained on public pictures with the same misalignment as LPA. It
needs no picture when it serves. The paper gives neither the sizes nor a divergence in the loss; ours are small, with a
light divergence of the code from a standard Gaussian, without which the code's noise could be trained away.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.defences.alignment import Substitute
from mia_kit.defences.mid import divergence
from mia_kit.defences.vectors import check_confidences, poisoned, repaired
from mia_kit.models.decoder import SHIFT, shifted_logarithms
from mia_kit.seeds import seeded
from mia_kit.signatures import checked
from mia_kit.training.seeds import Calls


class PoisonAutoencoder(nn.Module):
    """Clean vectors of `classes` entries to poisoned ones; a defence for `ConfidenceAPI` once it is trained.

    `bound` is of the served vector's distance from the clean one, in the 2-norm; `hidden` and `latent` are the widths
    of the hidden layers and of the code. The code of a call is drawn afresh: it depends on `seed` and on the calls
    before it.
    """

    @checked
    def __init__(self, classes: int, *, bound: float, seed: int, hidden: int = 128, latent: int = 16) -> None:
        super().__init__()
        check.in_range("bound", bound, 0, open_ends="low")
        check.count("classes", classes, 2)
        check.count("hidden", hidden)
        check.count("latent", latent)
        self.bound, self._calls = bound, Calls(seed)
        with seeded(seed):
            self.encoder = nn.Sequential(nn.Linear(classes, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
            first = nn.Linear(classes + latent, hidden)
            self.decoder = nn.Sequential(first, nn.ReLU(), nn.Linear(hidden, classes, bias=False))

    def code(self, confidences: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the code, each of shape (n, latent)."""
        mean, log_deviation = self.encoder(_shown(confidences)).chunk(2, dim=1)
        return mean, log_deviation.clamp(-10, 10).exp()

    def forward(self, confidences: Tensor, code: Tensor) -> Tensor:
        """Poisoned vectors of shape (n, classes), with gradients, for codes of shape (n, latent).

        ValueError if the network makes numbers that are not finite: `poisoned` would serve the clean vectors.
        """
        raw = self.decoder(torch.cat([_shown(confidences), code], dim=1))
        check.finite("what the autoencoder makes", raw)
        # Within the ball of radius `bound`, and smoothly so.
        perturbation = self.bound * raw / (1 + raw.square().sum(dim=1, keepdim=True)).sqrt()
        return poisoned(confidences, perturbation, self.bound)

    @torch.no_grad()
    def serve(self, confidences: Tensor) -> Tensor:
        """Probability vectors with the labels of `confidences`, each at most `bound` from its own."""
        check_confidences(confidences)
        generator = self._calls.generator()
        mean, deviation = self.code(confidences)
        noise = torch.randn(mean.shape, generator=generator).to(mean)
        return repaired(self(confidences, mean + deviation * noise), confidences)


@dataclass(frozen=True)
class PoisonObjective:
    """Misalignment of a batch plus `divergence_weight` times the divergence of its codes, an objective for `fit`.

    `fit` is given public pictures of the substitute's size, and their clean vectors in place of labels.
    """

    substitute: Substitute
    divergence_weight: float = 1e-3

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
        """`labels` are the clean vectors, of shape (n, classes). TypeError for another kind of model."""
        if not isinstance(model, PoisonAutoencoder):
            raise TypeError(f"expected a PoisonAutoencoder, got {type(model).__name__} instead")
        mean, deviation = model.code(labels)
        made = model(labels, mean + deviation * torch.randn_like(mean))
        misalignment = self.substitute.misalignment(made, images)
        return misalignment + self.divergence_weight * divergence(mean, deviation).mean()


def _shown(confidences: Tensor) -> Tensor:
    """Logarithms in [0, 1], as nearly one-hot vectors would look alike otherwise."""
    return shifted_logarithms(confidences) / SHIFT
