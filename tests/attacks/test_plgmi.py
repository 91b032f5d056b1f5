"""PLG-MI: pseudo-labels, both losses by hand, a plain loop, and a conditional GAN from training to inversion."""

import pytest
import torch
from quarters import SIZE, WHOLE, ClassFlatPrior, Quarters, public_images

from mia_kit.access import WhiteBox
from mia_kit.attacks import margin, plgmi
from mia_kit.attacks.crops import Crop, cut
from mia_kit.models.convolutional_gan import ConvolutionalPrior, ProjectionCritic
from mia_kit.models.priors import sample_latents
from mia_kit.training.seeds import turn_generator
from mia_kit.training.wasserstein import AdversarySettings

NETWORKS = {"image_size": (1, *SIZE), "width": 8}
UNMIRRORED = Crop(area=(0.8, 1.0))


def test_pseudo_labels_are_the_surest_of_each_class() -> None:
    """An image may serve two classes: image 2 is the second of both 0 and 1."""
    confidences = torch.tensor([[0.9, 0.0, 0.1], [0.1, 0.6, 0.3], [0.5, 0.45, 0.05], [0.2, 0.1, 0.7]])
    places, labels = plgmi.pseudo_labels(confidences, 2)
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert places.tolist() == [0, 2, 1, 2, 3, 1]


class Constant:
    """A conditional generator that makes the given image."""

    latent_size, classes = 2, 4

    def __init__(self, image):
        self.image = image

    def codes(self, latents, classes):
        return torch.cat([latents, classes[:, None]], dim=1)

    def __call__(self, codes):
        return self.image.expand(len(codes), *self.image.shape)


def test_the_generators_loss_by_hand() -> None:
    """The critic says 2 + class; the margin of white quarter 0 for the drawn classes is counted with its weight."""
    model, image = Quarters(), public_images()[0]  # quarter 0 is white
    batch, random = (torch.zeros(6, 1, *SIZE), torch.zeros(6)), turn_generator(4, 0)
    wanted = torch.randint(4, (6,), generator=turn_generator(4, 0))
    assert len(wanted.unique()) > 1
    game = plgmi.PseudoLabelGame(WhiteBox(model), margin_weight=0.5, input_size=SIZE, crop=WHOLE)
    loss = game.generator_loss(lambda images, classes: 2.0 + classes, Constant(image), batch, random)
    margins = margin(model(image.expand(6, 1, *SIZE)), wanted)
    assert loss.item() == pytest.approx((0.5 * margins.mean() - 2 - wanted.float().mean()).item(), rel=1e-4)


def test_the_critics_loss_looks_at_the_pseudo_labels() -> None:
    game = plgmi.PseudoLabelGame(WhiteBox(Quarters()), input_size=SIZE)
    batch = (torch.ones(2, 1, *SIZE), torch.tensor([0, 3]))
    seen = []

    def critic(images, classes):
        seen.append(classes)
        return images.mean(dim=(1, 2, 3)) - 1 + classes

    loss, on_real, on_made = game.critic_loss(critic, Constant(torch.zeros(1, *SIZE)), batch, turn_generator(1, 0))
    assert on_real.tolist() == [0.0, 3.0] and torch.equal(on_made, seen[1] - 1.0)
    assert loss.item() == pytest.approx(0.5 + seen[1].float().mean().item())


def test_the_name_of_a_game_tells_targets_and_weights_apart() -> None:
    """A checkpoint goes by it."""
    first, other = Quarters(), Quarters(scale=3.0)
    names = {
        repr(plgmi.PseudoLabelGame(WhiteBox(model), margin_weight=weight))
        for model, weight in ((first, 0.2), (Quarters(), 0.2), (other, 0.2), (first, 0.3))
    }
    assert len(names) == 3 and not any(" at 0x" in name for name in names)


def test_against_a_plain_loop() -> None:
    """Two views a step, each with its own boxes; Adam at 0.1 on the latent alone."""
    model, prior, targets = Quarters(), ClassFlatPrior(), torch.tensor([3, 3, 0, 0])
    settings = plgmi.Settings(input_size=SIZE, starts=2, steps=5, crop=UNMIRRORED)
    found = plgmi.run(WhiteBox(model), [3, 0], prior=prior, seed=2, settings=settings, progress=False)
    z = sample_latents(prior, 4, seed=2).requires_grad_()
    adam = torch.optim.Adam([z], lr=0.1)
    for step in range(5):
        boxes = UNMIRRORED.boxes(8, turn_generator(3, step))
        images = prior.synthesise(z)
        views = [cut(images, boxes[place : place + 4], SIZE) for place in (0, 4)]
        assert not torch.allclose(*views)
        losses = (margin(model(views[0]), targets) + margin(model(views[1]), targets)) / 2
        torch.testing.assert_close(found.trace.losses[step], losses.detach(), atol=1e-3, rtol=1e-4)
        adam.zero_grad()
        losses.sum().backward()
        adam.step()
    torch.testing.assert_close(found.codes[:, :4], z.detach(), atol=1e-3, rtol=1e-3)
    assert torch.equal(found.codes[:, 4:].argmax(dim=1), targets)  # the class does not move


@pytest.mark.slow
def test_the_classes_of_the_generator_become_the_targets() -> None:
    """Before any search, class 0 included: made for a class, named as it by the target more often than by chance."""
    access = WhiteBox(Quarters(scale=2.0))
    generator = ConvolutionalPrior(seed=0, latent_size=4, classes=4, **NETWORKS)
    critic = ProjectionCritic(4, seed=1, **NETWORKS)
    settings = AdversarySettings(steps=90, batch_size=12, critic_steps=1, learning_rate=1e-2)
    options = {"seed": 0, "per_class": 8, "settings": settings, "input_size": SIZE, "progress": False}
    told = plgmi.train(
        access, public_images(200), generator=generator, critic=critic, margin_weight=1.0, crop=UNMIRRORED, **options
    )
    assert told == access.queries == 200 + 90 * 12
    classes = torch.arange(4).repeat_interleave(50)
    made = generator(generator.codes(sample_latents(generator, 200, seed=9), classes))
    named = (access.labels(made) == classes).float().view(4, 50).mean(dim=1)
    assert (named > 0.5).all(), named
