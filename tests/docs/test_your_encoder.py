"""The page on encoders of one's own: its blocks, each with what it takes for granted."""

import pytest
import torch
from torch import nn

import groupae
from groupae import SO2, Cyclic, LatentActionAE
from groupae.data.turned_pictures import picture_action
from tests.docs.pages import blocks, run_blocks

PAGE = "guides/your_encoder"


def block(words):
    (found,) = (block for block in blocks(PAGE, "python") if words in block.text)
    return found


@pytest.fixture
def autoencoder():
    """A plain autoencoder with ``encode`` and ``decode``."""
    torch.manual_seed(0)
    return LatentActionAE.conv(SO2().rep("24x0"), (1, 28, 28), widths=(8, 16))


def test_a_frozen_one_is_fitted_and_adapted(tmp_path, monkeypatch, autoencoder):
    monkeypatch.chdir(tmp_path)
    found = [block("fitted = groupae.fit_action"), block("class Named"), block("adapted =")]
    names = run_blocks(PAGE, found, {"autoencoder": autoencoder}, {"0, 3000": "0, 300"})
    assert (tmp_path / "orbit.png").stat().st_size > 10_000
    assert names["fitted"].representation.group == SO2()
    assert names["adapted"].encode(names["x"]).shape == (6, 60)
    shape = (4, 7, 7)
    encoder = nn.Conv2d(1, 4, 4, stride=4)
    named = names["Named"](encoder, nn.ConvTranspose2d(4, 1, 4, stride=4), shape)
    z = named.encode(names["x"])
    assert z.shape == (6, 196)
    assert torch.equal(z.unflatten(1, shape), encoder(names["x"]))
    assert named.decode(z).shape == (6, 1, 28, 28)


def test_the_table_of_a_fit_is_what_is_printed(capsys):
    from groupae import RotatedDigits

    pairs = RotatedDigits("train").batch(0, 3000)
    taken = {"pairs": pairs, "torch": torch, "groupae": groupae, "SO2": SO2}
    run_blocks(PAGE, [block("class Components")], taken)
    printed = capsys.readouterr().out.splitlines()
    (shown,) = (b.text.splitlines() for b in blocks(PAGE, "text") if "fitted to 3000" in b.text)
    assert [line.rstrip() for line in printed[:5]] == [line.rstrip() for line in shown[:5]]
    assert len(shown) == 10
    for ours, theirs in zip(printed[5:10], shown[5:], strict=True):
        assert ours.split()[:2] == theirs.split()[:2], "irrep and copies"


def test_the_page_of_a_model_of_ones_own_is_written(monkeypatch):
    class MyAE(nn.Module):
        pass

    done = []
    monkeypatch.setattr(groupae, "load", lambda folder, classes: done.append((folder, classes)))
    monkeypatch.setattr("groupae.demo.write_demo", lambda model, x, page: done.append(page))
    run_blocks(PAGE, [block("write_demo")], {"groupae": groupae, "MyAE": MyAE, "x": None})
    assert done == [("mine", [MyAE]), "mine-demo"]


def test_one_of_diffusers_has_the_shapes_of_the_comments():
    pytest.importorskip("diffusers")
    from groupae import RotatedDigits

    names = run_blocks(
        PAGE,
        [block("AutoencoderKL(")],
        {"LatentActionAE": LatentActionAE, "RotatedDigits": RotatedDigits, "torch": torch},
    )
    x, g = names["x"], Cyclic(4).sample(6)
    assert names["vae"].encode(x).latent_dist.mode().shape == (6, 4, 7, 7)
    assert names["mixed"].encode(x).shape == (6, 20, 7, 7)
    trained = [
        sum(w.numel() for w in names[n].parameters() if w.requires_grad) for n in ("moved", "mixed")
    ]
    assert trained == [0, 184]
    for name in ("moved", "mixed"):
        assert names[name].transform(g, x).shape == x.shape


def test_one_of_escnn_is_equivariant_untrained_and_trains(photos):
    pytest.importorskip("escnn")
    from groupae import TrainingConfig, fit

    names = run_blocks(PAGE, [block("escnn")], {})
    model, G = names["model"], Cyclic(4)
    x = names["train"].batch(0, 6).x1
    g = torch.tensor([0, 1, 2, 3, 1, 2])
    model.eval()
    with torch.no_grad():
        moved, acted = model.encode(picture_action(G)(g, x)), model.action(g, model.encode(x))
    assert float((moved - acted).norm() / acted.norm()) < 1e-5
    config = TrainingConfig(steps=2, batch_size=4, validations=1)
    result = fit(model, names["train"], names["validation"], config)
    assert result.steps == 2
