"""A generator against a discriminator: the penalty by hand, the moving average, what is refused, and resuming."""

import numpy as np
import pytest
import torch
from torch import nn

from mia_kit.training import CheckpointError, adversarial
from mia_kit.training.adversarial import GanSettings, fit_gan, gradient_penalty
from mia_kit.training.checkpoints import save_checkpoint
from tests.killing import alone_and_killed

SETTINGS = GanSettings(steps=20, batch_size=4, checkpoint_every=5)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)


class Generator(nn.Module):
    """Latents of shape (n, 2) to images of shape (n, 3, 4, 4)."""

    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body = nn.Sequential(nn.Linear(2, 48), nn.Unflatten(1, (3, 4, 4)), nn.Conv2d(3, 3, 3, padding=1))

    def forward(self, latents):
        return self.body(latents).tanh()


class Discriminator(nn.Module):
    """Images of shape (n, 3, 4, 4) to verdicts of shape (n,)."""

    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(32, 1))

    def forward(self, images):
        return self.body(images).squeeze(1)


def train(images=IMAGES, *, generator_seed=0, seed=1, settings=SETTINGS, latent_size=2, **more):
    """The trained generator, the discriminator, the averaged generator and the seconds."""
    generator, discriminator = Generator(generator_seed), Discriminator()
    options = {"latent_size": latent_size, "seed": seed, "settings": settings, "progress": False}
    average, seconds = fit_gan(generator, discriminator, images, **options | more)
    return generator, discriminator, average, seconds


def weights(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_the_penalty_of_a_linear_discriminator_is_its_squared_norm():
    """The verdict w . x has the gradient w everywhere: 4 weights of 2 and 8 of 0.5 give 4 * 4 + 8 * 0.25 = 18."""
    slope = torch.cat([torch.full((4,), 2.0), torch.full((8,), 0.5)]).reshape(3, 2, 2).requires_grad_()
    real = torch.randn(5, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    penalty = gradient_penalty(lambda images: (images * slope).sum(dim=(1, 2, 3)), real)
    assert penalty.item() == pytest.approx(18)
    penalty.backward()  # it can be trained on: the gradient of w . w is 2 w
    torch.testing.assert_close(slope.grad, 2 * slope.detach())


def test_the_penalty_is_a_mean_over_images():
    """The verdict |x|^2 / 2 has the gradient x."""
    real = torch.stack([torch.full((3, 2, 2), 1.0), torch.full((3, 2, 2), 3.0)])
    penalty = gradient_penalty(lambda images: images.square().sum(dim=(1, 2, 3)) / 2, real)
    assert penalty.item() == pytest.approx((12 * 1 + 12 * 9) / 2)


def test_the_penalty_flattens_the_discriminator():
    real = torch.from_numpy(IMAGES).permute(0, 3, 1, 2).float() / 127.5 - 1
    steepness = []
    for penalty in (0.0, 50.0):
        _, discriminator, _, _ = train(settings=GanSettings(steps=65, batch_size=4, penalty=penalty))
        steepness.append(gradient_penalty(discriminator, real).item())
    assert steepness[1] < 0.7 * steepness[0], steepness


def test_the_average_follows_the_generator_by_its_half_life(monkeypatch):
    """Written out beside the training: after 5 percent of the images seen so far, at most `half_life`, half is new."""
    settings = GanSettings(steps=30, batch_size=4, half_life=3.0)
    seen = []
    follow = adversarial._follow

    def watched(players, step, chosen):
        follow(players, step, chosen)
        seen.append(weights(players.generator))

    monkeypatch.setattr(adversarial, "_follow", watched)
    generator, _, average, _ = train(settings=settings)
    expected = weights(Generator())
    for step, now in enumerate(seen):
        keep = 0.5 ** (4 / min(3.0, 0.05 * (step + 1) * 4))
        expected = keep * expected + (1 - keep) * now
    torch.testing.assert_close(weights(average), expected, atol=1e-6, rtol=1e-5)
    assert not torch.equal(weights(average), weights(generator)) and not average.training


def test_a_generator_learns_the_brightness_of_its_photographs():
    dark = np.full((8, 4, 4, 3), 40, dtype=np.uint8)  # -0.69 in [-1, 1]
    settings = GanSettings(steps=300, batch_size=8, learning_rate=0.01, half_life=100)
    _, _, average, _ = train(dark, settings=settings)
    with torch.no_grad():
        made = average(torch.randn(64, 2, generator=torch.Generator().manual_seed(5)))
    assert made.mean().item() == pytest.approx(40 / 127.5 - 1, abs=0.15)


def test_the_seed_alone_decides():
    first, again, other = (weights(train(seed=seed)[2]) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_half_of_a_batch_is_mirrored():
    slope = np.broadcast_to(np.arange(4, dtype=np.uint8)[:, None] * 50, (3, 4, 4, 3))
    batch = adversarial._batch(slope, torch.Generator().manual_seed(0), 400)
    rising = batch[:, 0, 0, 3] > batch[:, 0, 0, 0]
    assert 160 < rising.sum() < 240 and torch.equal(batch[~rising][0], batch[rising][0].flip(2))
    assert batch.min() == -1 and batch.max() == pytest.approx(150 / 127.5 - 1)


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (IMAGES.astype(np.float32), "uint8, got 'float32'"),
        (IMAGES[..., 0], r"\(12, 4, 4\) instead"),
        (IMAGES[..., :2], r"\(12, 4, 4, 2\) instead"),
        (IMAGES[:3], "at least 4, got 3"),
    ],
)
def test_images_that_do_not_fit_are_refused(images, got):
    with pytest.raises(ValueError, match=got):
        train(images)


@pytest.mark.parametrize("change", [{"steps": 0}, {"batch_size": 1}, {"checkpoint_every": 0}])
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(ValueError, match=f"got .*{next(iter(change.values()))}.* instead"):
        GanSettings(**change)


class StoppedError(Exception):
    pass


def stop_at(stop):
    def each_checkpoint(average, step):
        if step == stop:
            raise StoppedError

    return each_checkpoint


def stopped(checkpoint, stop=10):
    with pytest.raises(StoppedError):
        train(checkpoint=checkpoint, each_checkpoint=stop_at(stop))


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path):
    stopped(tmp_path / "gan.pt")
    steps = []
    resumed = train(checkpoint=tmp_path / "gan.pt", each_checkpoint=lambda average, step: steps.append(step))
    assert steps == [15, 20]
    for ours, theirs in zip(resumed[:3], train()[:3], strict=True):
        assert torch.equal(weights(ours), weights(theirs))


def test_a_finished_run_is_not_trained_again(tmp_path):
    first = train(checkpoint=tmp_path / "gan.pt")
    again = train(checkpoint=tmp_path / "gan.pt", each_checkpoint=stop_at(20))
    assert torch.equal(weights(first[2]), weights(again[2])) and not again[2].training
    assert again[3] == pytest.approx(first[3], abs=0.2)


OTHERS = {
    "seed": {"seed": 2},
    "settings": {"settings": GanSettings(steps=21, batch_size=4, checkpoint_every=5)},
    "one pixel": {"images": np.where(np.arange(576).reshape(IMAGES.shape) == 99, IMAGES ^ 1, IMAGES)},
    "initial weights": {"generator_seed": 1},
    "latent size": {"latent_size": 3},
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_settings_are_refused(what, tmp_path):
    stopped(tmp_path / "gan.pt", stop=5)
    with pytest.raises(CheckpointError, match="belongs to a run with other settings"):
        train(checkpoint=tmp_path / "gan.pt", **OTHERS[what])


def test_a_checkpoint_that_makes_no_sense_is_refused(tmp_path):
    stopped(tmp_path / "gan.pt", stop=5)
    run = torch.load(tmp_path / "gan.pt", weights_only=True)["run"]
    save_checkpoint(tmp_path / "gan.pt", {"generator": {}, "step": 3}, run=run)
    with pytest.raises(CheckpointError, match="cannot be read"):
        train(checkpoint=tmp_path / "gan.pt")


def train_to_file(folder):
    """What the killed process does: train with a checkpoint, then leave the weights."""
    torch.set_num_threads(1)
    settings = GanSettings(steps=240, batch_size=4, checkpoint_every=3)
    generator, discriminator, average, _ = train(settings=settings, checkpoint=folder / "gan.pt")
    players = {"generator": generator, "discriminator": discriminator, "average": average}
    save_checkpoint(folder / "end.pt", {name: weights(player) for name, player in players.items()}, run="end")


@pytest.mark.slow
def test_a_run_killed_ten_times_ends_the_same(tmp_path):
    alone, killed = alone_and_killed(train_to_file, tmp_path, seed=1)
    assert all(torch.equal(killed[name], alone[name]) for name in ("generator", "discriminator", "average"))
    assert sorted(entry.name for entry in (tmp_path / "killed").iterdir()) == ["end.pt", "gan.pt"]
