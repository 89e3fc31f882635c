"""Transforms of other libraries as actions: signatures, units, signs."""

import math

import pytest
import torch
from PIL import Image

from groupae import SO2, Cyclic, OrbitPairs, RotatedDigits
from groupae.data import from_transform, rotate

DIGITS = RotatedDigits("test").originals[:4]
ANGLES = torch.tensor([0.0, 0.4, -1.0, 2.5])


def torchvision_rotate(img, angle, interpolation="bilinear", expand=False, center=None, fill=None):
    """Turn as ``torchvision.transforms.functional.rotate`` says it does.

    Degrees, counter-clockwise, one picture ``(..., H, W)``, and a number, not a tensor.
    """
    assert isinstance(angle, (int, float))
    assert center is None
    assert fill is None
    height, width = img.shape[-2:]
    radians = math.radians(angle)
    c, s = math.cos(radians), math.sin(radians)
    y = torch.arange(height) - (height - 1) / 2
    x = torch.arange(width) - (width - 1) / 2
    # what is seen at (x, y), y downwards, was clockwise of it
    from_x = x[None, :] * c - y[:, None] * s
    from_y = x[None, :] * s + y[:, None] * c
    grid = torch.stack([from_x / (width / 2), from_y / (height / 2)], -1)[None]
    turned = torch.nn.functional.grid_sample(img[None], grid, interpolation, align_corners=False)[0]
    return torch.nn.functional.pad(turned, (1, 1, 1, 1)) if expand else turned


def kornia_rotate(tensor, angle, center=None, mode="bilinear", padding_mode="zeros"):
    """Turn as ``kornia.geometry.transform.rotate`` does: a batch, degrees, anti-clockwise."""
    assert isinstance(angle, torch.Tensor)
    assert angle.shape == tensor.shape[:1]
    assert center is None
    pairs = zip(tensor, angle.tolist(), strict=True)
    return torch.stack([torchvision_rotate(x, degrees, mode) for x, degrees in pairs])


def test_a_transform_of_one_picture_in_degrees_is_our_rotation():
    act = from_transform(torchvision_rotate, convert=torch.rad2deg)
    torch.testing.assert_close(act(ANGLES, DIGITS), rotate(ANGLES, DIGITS), atol=1e-4, rtol=0)
    wrong = from_transform(torchvision_rotate, convert=lambda g: -torch.rad2deg(g))
    assert (wrong(ANGLES, DIGITS) - rotate(ANGLES, DIGITS)).abs().max() > 0.5


def test_a_transform_of_a_batch_in_degrees_is_our_rotation():
    act = from_transform(kornia_rotate, convert=torch.rad2deg, takes="batch")
    torch.testing.assert_close(act(ANGLES, DIGITS), rotate(ANGLES, DIGITS), atol=1e-4, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_pillow_turns_the_way_we_do(channels):
    def turn(image, degrees):
        return image.rotate(degrees, resample=Image.Resampling.BILINEAR)

    x = DIGITS.repeat(1, channels, 1, 1) * torch.linspace(1, 0.4, channels).view(-1, 1, 1)
    act = from_transform(turn, convert=torch.rad2deg, takes="pil")
    ours, theirs = rotate(ANGLES, x), act(ANGLES, x)
    assert theirs.dtype == torch.float32
    inner = (..., slice(2, -2), slice(2, -2))  # the two fade out differently at the border
    torch.testing.assert_close(theirs[inner], ours[inner], atol=2 / 255, rtol=0)


def test_pillow_sees_pictures_rounded_to_8_bits():
    x = torch.rand(3, 3, 6, 4)
    act = from_transform(lambda image, g: image, takes="pil")
    assert torch.equal(act(torch.zeros(3), x), (x * 255).round() / 255)


def test_pillow_turns_floats_of_any_depth_and_range():
    """A4: 16 bits became 8, and values outside [0, 1] were clamped."""

    def turn(image, degrees):
        assert image.mode == "F"
        return image.rotate(degrees, resample=Image.Resampling.BILINEAR)

    x = 5000 * DIGITS.repeat(1, 2, 1, 1) - 1000
    act = from_transform(turn, convert=torch.rad2deg, takes="pil-float")
    ours, theirs = rotate(ANGLES, x + 1000) - 1000, act(ANGLES, x)
    inner = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(theirs[inner], ours[inner], atol=1e-2, rtol=0)
    deep = torch.arange(65536).view(1, 1, 256, 256) / 65535
    quarter = from_transform(turn, convert=lambda j: 90.0 * j, takes="pil-float")
    assert torch.equal(quarter(torch.tensor([1]), deep), torch.rot90(deep, 1, (-2, -1)))


def test_pairs_come_from_a_transform():
    act = from_transform(torchvision_rotate, convert=torch.rad2deg)
    batch = OrbitPairs(DIGITS, SO2(), act).batch(0, 4)
    ours = OrbitPairs(DIGITS, SO2(), rotate).batch(0, 4)
    assert torch.equal(batch.g, ours.g)
    torch.testing.assert_close(batch.x2, ours.x2, atol=1e-4, rtol=0)


def test_elements_are_numbers_where_they_are_one_number_and_tensors_where_not():
    kinds = []

    def note(picture, element):
        kinds.append(element)
        return picture

    x = torch.rand(2, 1, 3, 3)
    from_transform(note)(torch.tensor([3, 1]), x)
    from_transform(note)(torch.tensor([[1.0, 0.0], [2.0, 0.5]]), x)
    assert kinds[:2] == [3, 1]
    assert type(kinds[0]) is int
    assert torch.equal(kinds[3], torch.tensor([2.0, 0.5]))


def test_indices_become_angles():
    x = torch.rand(4, 1, 5, 5)
    act = from_transform(torchvision_rotate, convert=lambda j: 90.0 * j)
    batch = OrbitPairs(x, Cyclic(4), act).fixed()
    turned = [torch.rot90(p, int(j), (-2, -1)) for p, j in zip(batch.x1, batch.g, strict=True)]
    torch.testing.assert_close(torch.stack(turned), batch.x2, atol=1e-5, rtol=0)


X = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
REFUSED = [
    (
        lambda: from_transform(torchvision_rotate, takes="pictures"),
        r"takes to be one of picture, batch, pil, pil-float, got 'pictures'; did you mean",
    ),
    (
        lambda: from_transform(lambda x, g: torchvision_rotate(x, g, expand=True))(
            X[:, 0, 0, 0], X
        ),
        r"from_transform\(<lambda>\): expected the shape of its input, \(1, 4, 4\), got "
        r"\(1, 6, 6\); a transform must not enlarge or crop \(expand=False\)",
    ),
    (
        lambda: from_transform(torchvision_rotate)(torch.zeros(3), X),
        r"from_transform\(torchvision_rotate\): expected elements \(k, ...\) and pictures "
        r"\(k, C, H, W\), got \(3,\) and \(2, 1, 4, 4\)",
    ),
    (
        lambda: from_transform(lambda x, g: x.numpy())(torch.zeros(2), X),
        "a tensor of torch.float32, the dtype of the pictures, got ndarray",
    ),
    (
        lambda: from_transform(lambda x, g: (x * 255).byte(), takes="batch")(torch.zeros(2), X),
        "a tensor of torch.float32, the dtype of the pictures, got torch.uint8",
    ),
    (
        lambda: from_transform(lambda x, g: x[:1], takes="batch")(torch.zeros(2), X),
        r"the shape of its input, \(2, 1, 4, 4\), got \(1, 1, 4, 4\)",
    ),
    (
        lambda: from_transform(lambda x, g: x, takes="pil")(torch.zeros(2), X.repeat(1, 2, 1, 1)),
        "pictures of 1 or 3 channels, got 2",
    ),
    (
        lambda: from_transform(lambda x, g: x, takes="pil")(torch.zeros(2), 9 * X - 4),
        r"pictures in \[0, 1\] to make 8 bits of, got -.* to .*; takes=\"pil-float\" keeps",
    ),
    (
        lambda: from_transform(lambda x, g: x, takes="pil")(torch.zeros(2), X * torch.nan),
        r"pictures in \[0, 1\] to make 8 bits of, got nan to nan",
    ),
    (
        lambda: from_transform(lambda x, g: x, takes="pil")(torch.zeros(2), (255 * X).byte()),
        "pictures of a floating dtype, got torch.uint8",
    ),
    (
        lambda: from_transform(lambda x, g: 3, takes="pil-float")(torch.zeros(2), X),
        "the dtype of the pictures, got int",
    ),
    (
        lambda: from_transform(lambda x, g: x.size, takes="pil")(torch.zeros(2), X),
        "the dtype of the pictures, got tuple",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_action_is_refused(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()
