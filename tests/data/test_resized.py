import pytest
import torch

from groupae import SO2, OrbitPairs, RotatedDigits
from groupae.data import Resized, rotate


def test_every_pixel_is_the_mean_of_its_block():
    whole = RotatedDigits("test", size="tiny")
    small = Resized(whole, 7)
    views, shrunk = (d.orbit(torch.arange(3), 4) for d in (whole, small))
    assert torch.equal(views.g, shrunk.g)
    torch.testing.assert_close(shrunk.x[2, 1, 0, 3, 5], views.x[2, 1, 0, 12:16, 20:24].mean())


def test_pairs_are_those_of_the_data_set():
    whole = RotatedDigits("train", size="tiny", seed=3)
    a, b = whole.batch(2, 6), Resized(whole, 14).batch(2, 6)
    assert torch.equal(a.g, b.g)
    assert torch.equal(a.label, b.label)
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(a.x2, 2), b.x2)


def test_a_mask_holds_where_half_of_a_block_does():
    x = torch.zeros(1, 1, 4, 4)
    mask = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]]).bool()

    def of_scenes(scenes):
        return mask.expand(*scenes.shape[:2], 1, 4, 4)

    pairs = OrbitPairs(x, SO2(), rotate, mask=of_scenes)
    found = Resized(pairs, 2).batch(0, 1).mask
    assert found.squeeze().tolist() == [[True, False], [True, False]]


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [(5, "expected pixels that divide 28, got 5"), (0, "expected pixels .* at least 1, got 0")],
)
def test_bad_sizes_are_refused(pixels, sentence):
    with pytest.raises(ValueError, match=sentence):
        Resized(RotatedDigits("test", size="tiny"), pixels)
