"""Group norm in place of batch norm: the same function where statistics agree, and pictures that do not mix."""

import pytest
import torch
from torch import nn

from mia_kit.defences import with_group_norm
from mia_kit.defences.group_norm import folded
from mia_kit.models import ResidualClassifier

KINDS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def seen(layer, pictures, dims, seed=0):
    """The layer in evaluation mode, with weights of its own and exactly the statistics of `pictures`."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        layer.weight.copy_(torch.rand(layer.num_features, generator=random) + 0.5)
        layer.bias.copy_(torch.randn(layer.num_features, generator=random))
    rest = [0, *range(2, 2 + dims)]
    layer.running_mean, layer.running_var = pictures.mean(dim=rest), pictures.var(dim=rest, correction=0)
    return layer.eval()


@pytest.mark.parametrize("dims", KINDS)
def test_where_a_picture_has_the_running_statistics_both_layers_agree(dims):
    """One picture is all that batch norm saw: its groups have the running statistics, channel by channel."""
    channels, scale = 48, torch.linspace(0.2, 5, 48).view(1, -1, *[1] * dims)
    picture = scale * torch.randn(1, channels, *[6] * dims, generator=torch.Generator().manual_seed(1)) + scale.sin()
    old = seen(KINDS[dims](channels), picture, dims)
    new = folded(old)
    assert (new.num_groups, new.num_channels) == (3, 48)
    torch.testing.assert_close(new(picture), old(picture), atol=1e-4, rtol=1e-4)


def test_a_whole_network_keeps_its_features_roughly_and_pictures_do_not_see_each_other():
    """Cosine of the features before and after: folding keeps them, group norm with weights of its own does not."""
    original = ResidualClassifier(3, 2, seed=0, width=12)
    random = torch.Generator().manual_seed(0)
    images = torch.randn(40, 3, 16, 16, generator=random).clamp(-1, 1)
    with torch.no_grad():
        for layer in original.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.copy_(torch.rand(layer.num_features, generator=random) + 0.5)
                layer.bias.copy_(torch.randn(layer.num_features, generator=random))
        for _ in range(60):
            original(images)  # statistics settle
    original.eval()
    copy, plain = with_group_norm(original), with_group_norm(original)
    norms = [layer for layer in copy.modules() if isinstance(layer, nn.GroupNorm)]
    assert len(norms) == sum(isinstance(layer, nn.BatchNorm2d) for layer in original.modules()) > 5
    assert sorted({(norm.num_channels, norm.num_groups) for norm in norms}) == [(12, 1), (24, 1), (48, 3), (96, 6)]
    assert torch.equal(copy.head.weight, original.head.weight)
    for layer in plain.modules():
        if isinstance(layer, nn.GroupNorm):
            layer.reset_parameters()
    wanted, kept, lost = (network.features(images) for network in (original, copy, plain))
    near, far = (torch.cosine_similarity(wanted, other, dim=1).mean() for other in (kept, lost))
    assert near > 0.85 and far < near - 0.3, (near, far)
    torch.testing.assert_close(copy(images)[:1], copy(images[:1]), atol=1e-4, rtol=1e-4)
