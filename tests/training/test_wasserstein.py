"""A generator against a critic: the penalty in closed form, both losses, whose turn it is, and resuming."""

import pytest
import torch

from mia_kit.models.convolutional_gan import ConvolutionalPrior, Critic
from mia_kit.training import CheckpointError
from mia_kit.training.checkpoints import load_checkpoint
from mia_kit.training.wasserstein import AdversarySettings, Wasserstein, fit_adversaries, slope_penalty
from tests.training.test_resume import same

SIZE = (1, 8, 8)
SETTINGS = AdversarySettings(steps=9, batch_size=4, critic_steps=2, checkpoint_every=3)
IMAGES = torch.rand(12, *SIZE, generator=torch.Generator().manual_seed(0)) * 2 - 1


def train(images=IMAGES, *, game=Wasserstein(), seed=1, settings=SETTINGS, generator_seed=0, **more):  # noqa: B008
    """The trained generator and critic."""
    generator = ConvolutionalPrior(seed=generator_seed, latent_size=3, image_size=SIZE, width=4)
    critic = Critic(seed=5, image_size=SIZE, width=4)
    options = {"game": game, "seed": seed, "settings": settings, "progress": False}
    fit_adversaries(generator, critic, (images,), **options | more)
    return generator, critic


def test_the_penalty_of_a_linear_critic():
    """The verdict w . x has the slope w everywhere: |w| = 5 and (5 - 1)^2 = 16, wherever one looks."""
    weight = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    real, made = torch.randn(2, 3, 1, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    share = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64).view(3, 1, 1, 1)
    penalty = slope_penalty(lambda images: (images * weight).sum(dim=(1, 2, 3)), real, made, share)
    assert penalty.item() == pytest.approx(16)
    penalty.backward()  # it can be trained on: d (|w| - 1)^2 / d w = 2 (|w| - 1) w / |w|
    assert weight.grad.tolist() == pytest.approx([2 * 4 * 3 / 5, 2 * 4 * 4 / 5])


def test_the_penalty_is_taken_between_real_and_made():
    """The verdict |x|^2 / 2 has the slope x: at 1/4 real and 3/4 made, the lengths are 5 and 1 for these."""
    real = torch.tensor([[0.0, 8.0], [4.0, 0.0]], dtype=torch.float64).view(2, 1, 1, 2)
    made = torch.tensor([[4.0, 8 / 3], [0.0, 0.0]], dtype=torch.float64).view(2, 1, 1, 2)
    share = torch.full((2, 1, 1, 1), 0.25, dtype=torch.float64)
    penalty = slope_penalty(lambda images: images.square().sum(dim=(1, 2, 3)) / 2, real, made, share)
    assert penalty.item() == pytest.approx(((5 - 1) ** 2 + 0) / 2)


class Shade:
    """A generator of one grey, counted."""

    latent_size = 2

    def __init__(self, shade):
        self.shade = shade

    def __call__(self, latents):
        return torch.full((len(latents), 1, 1, 4), self.shade, dtype=torch.float64)


def test_both_losses_by_hand():
    """The verdict is twice the sum of 4 pixels: 8 x shade, of slope |(2, 2, 2, 2)| = 4."""

    def critic(images):
        return 2 * images.sum(dim=(1, 2, 3))

    real = torch.full((3, 1, 1, 4), 0.5, dtype=torch.float64)
    random = torch.Generator().manual_seed(0)
    for weight in (10.0, 0.5):
        game = Wasserstein(penalty=weight)
        loss, on_real, on_made = game.critic_loss(critic, Shade(-0.25), (real,), random)
        assert loss.item() == pytest.approx(-2 - 4 + weight * (4 - 1) ** 2)
        assert on_real.tolist() == [4.0] * 3 and on_made.tolist() == [-2.0] * 3
        assert game.generator_loss(critic, Shade(-0.25), (real,), random).item() == 2


class Watching:
    """A game that notes whose turn it is and which images are shown, and trains both a little."""

    def __init__(self):
        self.turns, self.shown = [], []

    def critic_loss(self, critic, generator, batch, random):
        assert critic.training and all(weight.requires_grad for weight in critic.parameters())
        self.turns.append("critic")
        self.shown.append(batch[0])
        verdicts = critic(batch[0])
        return verdicts.mean(), verdicts, verdicts

    def generator_loss(self, critic, generator, batch, random):
        assert generator.training and not any(weight.requires_grad for weight in critic.parameters())
        self.turns.append("generator")
        return generator(torch.zeros(4, 3)).mean()


def test_the_critic_has_its_steps_and_sees_new_images_in_each():
    game = Watching()
    train(game=game, settings=AdversarySettings(steps=2, batch_size=4, critic_steps=5))
    assert game.turns == (["critic"] * 5 + ["generator"]) * 2
    assert len({tuple(batch.flatten().tolist()) for batch in game.shown}) == 10
    assert all((image == IMAGES).flatten(1).all(dim=1).any() for batch in game.shown for image in batch)


class Stopping(Wasserstein):
    """The same game under the same name, which gives up after so many looks at the critic."""

    looks = 0

    def critic_loss(self, *given):
        Stopping.looks -= 1
        assert Stopping.looks >= 0, "enough"
        return super().critic_loss(*given)

    def __repr__(self):
        return repr(Wasserstein())


def stopped(checkpoint, looks):
    Stopping.looks = looks
    with pytest.raises(AssertionError, match="enough"):
        train(checkpoint=checkpoint, game=Stopping())


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path):
    stopped(tmp_path / "gan.pt", 2 * 6 + 1)
    saved = load_checkpoint(tmp_path / "gan.pt", run=torch.load(tmp_path / "gan.pt", weights_only=True)["run"])
    assert saved["step"] == 6
    for ours, theirs in zip(train(checkpoint=tmp_path / "gan.pt"), train(), strict=True):
        assert same(ours, theirs)


OTHERS = {
    "seed": {"seed": 2},
    "settings": {"settings": AdversarySettings(steps=10, batch_size=4, critic_steps=2, checkpoint_every=3)},
    "game": {"game": Wasserstein(penalty=9.0)},
    "one pixel": {"images": torch.cat([IMAGES[:-1], IMAGES[-1:] * 0.5])},
    "initial weights": {"generator_seed": 1},
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_settings_are_refused(what, tmp_path):
    stopped(tmp_path / "gan.pt", 7)
    with pytest.raises(CheckpointError, match="belongs to a run with other settings"):
        train(checkpoint=tmp_path / "gan.pt", **OTHERS[what])
