"""Predictions are compared with the data; arguments of a wrong kind raise one sentence."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import groupae
from groupae import (
    SO2,
    SO3,
    CrossReconstruction,
    Cyclic,
    LatentActionAE,
    PairBatch,
    PartsAction,
    VectorAction,
    evaluate,
)
from groupae.data import OrbitPairs, rotate
from groupae.experiments.baselines import Conditional, Winter
from groupae.metrics import ATOM_SNR, PSNR, SNR, Score, default_scores, latent_equivariance_error
from groupae.models import SetDecoder, SetEncoder, TransformModule
from groupae.objectives import (
    CrossPrediction,
    Predictions,
    chamfer_error,
    log_mean_squared_error,
    mean_squared_error,
)
from groupae.protocols import Recombinations, Trajectories

N = 6
RHO = SO2().rep("2x0 + 3x1")
X = torch.randn(N, 32, generator=torch.Generator().manual_seed(0))
G = torch.linspace(0, 1, N)
PAIRS = PairBatch(X, G, X.flip(0))


class Made(nn.Module):
    """A network that applies a function to its input."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def ae(decoder=None, encoder=None, action=None, **options):
    encoder = encoder or nn.Linear(32, 8)
    return LatentActionAE(
        encoder, decoder or nn.Linear(8, 32), action or VectorAction(RHO), **options
    )


PATHS = {
    "loss": lambda m: m.loss(PAIRS),
    "transform": lambda m: m.transform(G, X),
    "one element for all": lambda m: m.transform(torch.tensor(0.3), X),
    "forward": lambda m: m(G, X),
    "orbit": lambda m: m.orbit(X, torch.linspace(0, 1, 4)),
    "orbit of own elements": lambda m: m.orbit(X, torch.zeros(N, 4)),
    "swap": lambda m: m.swap(X, X.flip(0)),
    "interpolate": lambda m: m.interpolate(X, G, 3),
    "evaluate": lambda m: evaluate(m, PAIRS),
}
DECODERS = {
    "(n, 1)": lambda z: z[:, :1],
    "(n, 1, 32)": lambda z: z.repeat(1, 4).unsqueeze(1),
    "(1, 32)": lambda z: z.repeat(1, 4).mean(0, keepdim=True),
    "(32,)": lambda z: z.repeat(1, 4).mean(0),
    "(n, 31)": lambda z: z.repeat(1, 4)[:, 1:],
    "()": lambda z: z.sum(),
    "(n,)": lambda z: z.sum(1),
    "a transpose": lambda z: z.repeat(1, 4).mT,
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
def test_a_decoder_of_another_shape_is_named_on_every_path(path, decode):
    words = (
        r"LatentActionAE: expected the decoder to return the shape of the data, \(\d+, 32\), got"
    )
    with pytest.raises(ValueError, match=words):
        path(ae(Made(decode)))


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_right_decoder_passes_on_every_path(path):
    path(ae())


@pytest.mark.parametrize("decode", [lambda z: z[:, :1], lambda z: z.mean(0, keepdim=True)])
def test_conditional_asks_too(decode):
    model = Conditional(nn.Linear(32, 8), Made(decode), RHO, 8)
    for call in ("loss", "transform", "orbit of own elements", "evaluate"):
        with pytest.raises(
            ValueError, match="Conditional: expected the decoder to return the shape"
        ):
            PATHS[call](model)


def test_winter_asks_too():
    x = torch.rand(2, 3, 8, 8)
    grey = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8)))
    model = Winter(SO2(), (3, 8, 8), rotate, decoder=grey, dim=4, encoder_widths=(8,))
    for call in (
        lambda: model.transform(torch.zeros(2), x),
        lambda: model.orbit(x, torch.zeros(2, 3)),
        lambda: model.loss(PairBatch(x, torch.zeros(2), x)),
    ):
        with pytest.raises(
            ValueError, match=r"Winter: expected the decoder to return .*, got \(\d, 1"
        ):
            call()


class Broadcast(TransformModule):
    """A user's own model whose prediction has another shape."""

    group = SO2()

    def __init__(self):
        super().__init__()
        self.objective = CrossPrediction()

    def transform(self, g, x):
        return x.mean(1, keepdim=True)

    def loss(self, batch):
        return self.objective(self, batch)


def test_models_of_a_users_own_are_asked():
    for call, words in (
        ("loss", "CrossPrediction: expected the model to return the shape of the data"),
        ("evaluate", "Broadcast: expected transform to return the shape of the data"),
        ("orbit of own elements", "Broadcast: expected the decoder to return the shape"),
    ):
        with pytest.raises(ValueError, match=words):
            PATHS[call](Broadcast())


def test_a_model_that_knows_no_group_has_orbits():
    class Bare(Broadcast):
        group = None

        def transform(self, g, x):
            return x + g[:, None]

    assert Bare().orbit(X, torch.zeros(N, 4)).shape == (N, 4, 32)


@pytest.mark.parametrize("term", [mean_squared_error, log_mean_squared_error])
@pytest.mark.parametrize("shape", [(N, 1), (1, 32), (N, 32, 1), ()])
def test_errors_do_not_broadcast(term, shape):
    with pytest.raises(ValueError, match=r"expected predictions of the target's shape \(6, 32\)"):
        term(Predictions(torch.zeros(shape), X))
    with pytest.raises(ValueError, match="expected the model to return the shape of the data"):
        CrossPrediction({"term": (1.0, term)}).compare(torch.zeros(shape), X)


def test_sets_may_be_predicted_by_another_number_of_points():
    rho = SO3().rep("3x0 + 1x1")
    model = LatentActionAE(
        SetEncoder(6), SetDecoder(6, 20), VectorAction(rho), CrossReconstruction("chamfer")
    )
    x = torch.randn(2, 50, 3)
    pairs = PairBatch(x, SO3().identity(2), x)
    assert model.loss(pairs)["chamfer"].shape == ()
    assert model.transform(pairs.g, x).shape == (2, 20, 3)
    evaluate(model, pairs)
    model.objective = CrossReconstruction("mse")
    with pytest.raises(ValueError, match="sets of different sizes compare by chamfer_error"):
        model.loss(pairs)
    with pytest.raises(ValueError, match="expected the decoder to return the shape of the data"):
        LatentActionAE(SetEncoder(6), SetDecoder(6, 1), VectorAction(rho)).transform(pairs.g, x)


# --- encoders ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("encode", "error", "words"),
    [
        (
            lambda x: (x[:, :8], x),
            TypeError,
            "the encoder to return a tensor, or a dict .* got tuple",
        ),
        (lambda x: [x[:, :8]], TypeError, "the encoder to return a tensor, or a dict .* got list"),
        (lambda x: {"a": 1}, TypeError, "or a dict of named tensors, got dict with int"),
        (lambda x: None, TypeError, "the encoder to return a tensor, .* got NoneType"),
        (
            lambda x: x[:, :8].mean(0, keepdim=True),
            ValueError,
            r"the encoder to return one code for each of \d+ data, got \(1, 8\)",
        ),
        (
            lambda x: x[:, :7],
            ValueError,
            r"z of shape \(\*batch, 8\), got .*must end in 8 features",
        ),
        (lambda x: x[:, :8].long(), TypeError, "z of a floating dtype, got torch.int64"),
        (lambda x: x[:, :8] > 0, TypeError, "z of a floating dtype, got torch.bool"),
        (lambda x: x[:, :8].to(torch.complex64), TypeError, "z of a floating dtype, got"),
        (lambda x: x[:, :8].numpy(), TypeError, "the encoder to return a tensor, .* got ndarray"),
    ],
)
def test_codes_of_a_wrong_kind_get_one_sentence(encode, error, words):
    model = ae(encoder=Made(encode))
    for name, call in PATHS.items():
        if name != "evaluate":
            with pytest.raises(error, match=words):
                call(model)


def test_a_decoder_of_a_tuple_gets_one_sentence():
    for call in PATHS.values():
        with pytest.raises(TypeError, match="the decoder to return a tensor, got tuple"):
            call(ae(Made(lambda z: (z, z))))


def test_parts_are_codes_too():
    action = PartsAction({"pose": VectorAction(SO2().rep("4x1")), "skip": None})
    halves = Made(lambda x: {"pose": x[:, :8], "skip": x[:1]})
    with pytest.raises(ValueError, match=r"one code for each of 6 data, got \(1, 32\)"):
        ae(Made(lambda z: z["skip"]), halves, action).transform(G, X)


# --- calls -------------------------------------------------------------------------------------
CALLS = {
    "a number for g": (lambda m: m.interpolate(X, 1.0, 5), TypeError, "elements as a tensor"),
    "g as a list": (lambda m: m.transform([0.0] * N, X), TypeError, "elements as a tensor"),
    "x as a list": (lambda m: m.transform(G, [0.0] * N), TypeError, "x to be a tensor, got list"),
    "x and g swapped": (lambda m: m.transform(X, G), ValueError, r"elements for transform\(g, x\)"),
    "gs and x swapped": (lambda m: m.orbit(G, X), ValueError, r"elements for orbit\(x, gs\)"),
    "fewer g": (
        lambda m: m.transform(G[:4], X),
        ValueError,
        r"one for all data or one for each, got",
    ),
    "more g": (
        lambda m: m.interpolate(X, torch.zeros(9), 3),
        ValueError,
        r"one for all data or one",
    ),
    "gs of other data": (lambda m: m.orbit(X, torch.zeros(4, 3)), ValueError, r"\(4, 3\) for data"),
    "one g for an orbit": (lambda m: m.orbit(X, G[0]), ValueError, "a list of elements, got one"),
    "indices": (
        lambda m: m.transform(torch.arange(N), X),
        TypeError,
        "elements of a floating dtype",
    ),
    "integers": (lambda m: m.transform(G, X.long()), TypeError, "x of a floating dtype, got"),
    "bytes": (lambda m: m.swap(X, X.byte()), TypeError, "y of a floating dtype, got torch.uint8"),
    "a swap of two shapes": (lambda m: m.swap(X, X[:2]), ValueError, "x and y of one shape, got"),
    "steps 1": (lambda m: m.interpolate(X, G, 1), ValueError, "steps of at least 2, got 1"),
    "steps 2.5": (lambda m: m.interpolate(X, G, 2.5), ValueError, "steps of at least 2, got 2.5"),
    "steps as text": (
        lambda m: m.interpolate(X, G, "5"),
        ValueError,
        "steps of at least 2, got '5'",
    ),
    "steps true": (
        lambda m: m.interpolate(X, G, True),
        ValueError,
        "steps of at least 2, got True",
    ),
    "a loss of a tensor": (
        lambda m: m.loss(X),
        TypeError,
        r"pairs as a PairBatch, got Tensor; Pair",
    ),
    "a loss of a tuple": (
        lambda m: m.loss((X, G, X)),
        TypeError,
        "pairs as a PairBatch, got tuple",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), CALLS.values(), ids=CALLS)
def test_calls_of_a_wrong_kind_get_one_sentence(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call(ae())
    assert "\n" not in str(caught.value)


def test_data_in_place_of_indices_are_told_by_their_kind():
    model = ae(action=VectorAction(Cyclic(4).rep("2x0 + 3x1")))
    j = torch.arange(N) % 4
    model.transform(j, X)
    with pytest.raises(
        TypeError, match=r"as g, data as x in transform\(g, x\), got them the other"
    ):
        model.transform(X, j)
    with pytest.raises(TypeError, match=r"as g, data as x in orbit\(x, gs\), got them the other"):
        model.orbit(j, X)


def test_data_of_another_dtype_or_device_than_the_weights_are_named():
    for model, x, words in (
        (ae(), X.double(), r"data of the dtype of its weights, torch.float32, got torch.float64"),
        (ae().double(), X, r"data of the dtype of its weights, torch.float64, got torch.float32"),
        (ae(), X.half(), r"of its weights, torch.float32, got torch.float16; convert the data"),
        (ae().to("meta"), X, r"data of the device of its weights, meta, got cpu; move the data"),
    ):
        for call in (
            lambda m, x: m.transform(G, x),
            lambda m, x: m.orbit(x, G),
            lambda m, x: m.swap(x, x),
            lambda m, x: m.interpolate(x, G, 3),
            lambda m, x: m.loss(PairBatch(x, G, x)),
        ):
            with pytest.raises(TypeError, match=words):
                call(model, x)
    casting = Made(lambda x: casting.inner(x.to(casting.inner.weight.dtype)))
    casting.inner = nn.Linear(32, 8)
    assert ae(encoder=casting).transform(G, X.double()).dtype == torch.float32


def test_pairs_are_checked_when_they_are_made():
    for parts, error, words in (
        (
            (X, G[:3], X),
            ValueError,
            r"one element for each pair, g of shape \(6, \*element_shape\)",
        ),
        ((X, torch.tensor(0.0), X), ValueError, "one element for each pair"),
        ((X, G, X[:3]), ValueError, r"x1 and x2 of one shape \(n, \*x_shape\), got"),
        ((X, G, X[:, :3]), ValueError, "x1 and x2 of one shape"),
        ((X.numpy(), G, X), TypeError, "x1 to be a tensor, got ndarray; .*torch.from_numpy"),
        ((X, None, X), TypeError, "g to be a tensor, got NoneType"),
    ):
        with pytest.raises(error, match=words):
            PairBatch(*parts)


def test_chains_and_recombinations_are_checked_when_they_are_made():
    with pytest.raises(
        ValueError, match=r"an element for each move, g of shape \(6, 31, \*element"
    ):
        Trajectories(X, torch.zeros(N, 32))
    with pytest.raises(
        ValueError, match=r"x, y and truth of one shape, got \(6, 32\), \(6, 32\), \(1"
    ):
        Recombinations("x", X, X, X[:1])


def test_scores_by_themselves_do_not_broadcast():
    pairs = PairBatch(X, G, X)
    (relative,) = default_scores(pairs)
    atoms = torch.rand(N, 5, 8)
    for score, data in ((relative, X), (SNR, X), (PSNR, X.sigmoid()), (ATOM_SNR, atoms)):
        for prediction in (data[:1], data[:, :1], data.unsqueeze(0)):
            with pytest.raises(ValueError, match=r"expected (two|data) .*of one shape, got"):
                score.function(prediction, PairBatch(data, G, data))
    action = VectorAction(RHO)
    z = torch.randn(N, 8)
    for z1, z2 in ((z, z[:1]), (z[:1], z)):
        with pytest.raises(ValueError, match="codes of pairs, of one shape"):
            latent_equivariance_error(action, G, z1, z2)


# --- objectives --------------------------------------------------------------------------------
def test_terms_by_name_and_torchs_losses_mean_one_thing():
    torch.manual_seed(0)
    model = ae()
    wanted = model.loss(PAIRS)["reconstruction"]
    for objective in (
        "mse", ["mse"], {"mse": 1.0}, {"mse": (1.0, "mse")}, {"mine": mean_squared_error},
        mean_squared_error, F.mse_loss, nn.MSELoss(), {"mine": (1, F.mse_loss)},
    ):  # fmt: skip
        for made in (CrossReconstruction(objective), ae(objective=objective).objective):
            (found,) = made(model, PAIRS).values()
            torch.testing.assert_close(found, wanted)
    two = CrossReconstruction({"mse": 2.0, "latent_cycle": 1e-4})
    torch.testing.assert_close(two(model, PAIRS)["mse"], 2 * wanted)
    assert two.names == ("mse", "latent_cycle")
    assert CrossReconstruction(["mse", chamfer_error]).names == ("mse", "chamfer_error")


def test_an_objective_may_return_one_scalar():
    model = ae(objective=lambda m, b: (m.transform(b.g, b.x1) - b.x2).abs().mean())
    assert model.loss(PAIRS)["loss"].requires_grad


@pytest.mark.parametrize(
    ("objective", "error", "words"),
    [
        ("mes", ValueError, "a loss term to be one of .*, got 'mes'; did you mean 'mse'"),
        (3, TypeError, "LatentActionAE: expected an objective: .*, got int"),
        ({}, ValueError, "CrossReconstruction: expected terms as .*, got none"),
        ({"mse": ("a", mean_squared_error)}, TypeError, "a number as the weight of 'mse', got 'a'"),
        ({"mse": (1.0, 3)}, TypeError, "got 'mse': 3"),
        ({"mine": 1.0}, ValueError, "a loss term to be one of .*, got 'mine'"),
    ],
)
def test_objectives_of_a_wrong_kind_get_one_sentence(objective, error, words):
    with pytest.raises(error, match=words):
        ae(objective=objective)


@pytest.mark.parametrize(
    ("term", "error", "words"),
    [
        (
            lambda c: c.prediction.mean().item(),
            TypeError,
            r"to be a tensor, got float; .*\.item\(\)",
        ),
        (
            lambda c: c.prediction.square().mean(1),
            ValueError,
            r"to be one number, got \(12,\); take",
        ),
    ],
)
def test_a_term_is_one_number_with_its_graph(term, error, words):
    with pytest.raises(error, match=words):
        CrossReconstruction({"mine": (2.0, term)})(ae(), PAIRS)
    with pytest.raises(error, match=words):
        ae(objective=lambda m, b: {"mine": term(Predictions(X.repeat(2, 1), X))}).loss(PAIRS)


def test_a_latent_term_needs_codes():
    with pytest.raises(
        ValueError, match=r"CrossPrediction: expected a loss term to be one of .*latent_c"
    ):
        CrossPrediction("latent_cycle")


class Batches:
    """A source of training pairs, none of which are fixed."""

    def batch(self, step, size):
        return PAIRS


class Unfixed(Batches):
    """A data set whose ``fixed`` returns no pairs."""

    def fixed(self):
        return (X, G, X)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: evaluate(m, PAIRS, ["psnrr"]), ValueError, "got 'psnrr'; did you mean 'psnr'"),
        (lambda m: evaluate(m, PAIRS, F.mse_loss), TypeError, "got function mse_loss; Score\\("),
        (
            lambda m: evaluate(m, PAIRS, [F.mse_loss]),
            TypeError,
            "a Score or its name, got function",
        ),
        (
            lambda m: evaluate(m, (X, G, X)),
            TypeError,
            r"pairs as a PairBatch or a data set with fixed\(\), got tuple; PairBatch\(x1, g, x2",
        ),
        (lambda m: evaluate(m, None), TypeError, r"a data set with fixed\(\), got NoneType"),
        (
            lambda m: evaluate(m, Batches()),
            TypeError,
            r"fixed\(\), got Batches, which has batch\(step, size\) only; give one of its batches",
        ),
        (lambda m: evaluate(m, PairBatch), TypeError, "got the class PairBatch; make an object of"),
        (lambda m: evaluate(m, OrbitPairs), TypeError, "got the class OrbitPairs; make an object"),
        (
            lambda m: evaluate(m, Unfixed()),
            TypeError,
            r"expected Unfixed.fixed\(\) to return a PairBatch, got tuple",
        ),
        (lambda m: evaluate(nn.Linear(1, 1), PAIRS), TypeError, r"with transform\(g, x\), got Lin"),
        (lambda m: evaluate(m, PAIRS[:0]), ValueError, "at least one pair, got none"),
        (lambda m: evaluate(m, PAIRS, batch_size=0), ValueError, "batch_size to be an integer of"),
        (
            lambda m: evaluate(m, PairBatch(X.byte(), G, X.byte())),
            TypeError,
            r"x1 of a floating dtype, got torch.uint8; bytes become .* by .float\(\) / 255",
        ),
        (
            lambda m: evaluate(m, PairBatch(X.double(), G, X.double())),
            TypeError,
            "data of the dtype of its weights, torch.float32, got torch.float64; convert",
        ),
        (lambda m: evaluate(m.double(), PAIRS), TypeError, "of its weights, torch.float64, got"),
    ],
)
def test_evaluations_of_a_wrong_kind_get_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call(ae())


def test_scores_by_name_and_alone():
    model = ae()
    mine = Score("mine", "mine", 1, lambda p, b: -(p - b.x2).abs().mean(1))
    found = evaluate(model, PAIRS, ["snr", mine])
    assert list(found) == ["snr", "mine"]
    assert evaluate(model, PAIRS, "snr")["snr"] == found["snr"]
    assert evaluate(model, PAIRS, mine)["mine"] == found["mine"]


@pytest.mark.parametrize("group", [None, SO2()], ids=["no group", "its group"])
def test_the_checks_are_traced_without_a_graph_break(group):
    model, pairs = ae(), PairBatch(X, G, X.flip(0), group=group)
    calls = {
        "loss": lambda m: m.loss(pairs)["reconstruction"],
        "transform": lambda m: m.transform(G, X),
        "orbit": lambda m: m.orbit(X, G),
        "swap": lambda m: m.swap(X, X.flip(0)),
    }
    for call in calls.values():
        traced = torch.compile(call, fullgraph=True, backend="eager")
        torch.testing.assert_close(traced(model), call(model))
    torch._dynamo.reset()


def test_pairs_are_found_among_the_data():
    assert groupae.data.PairBatch is groupae.protocols.PairBatch is PairBatch
