"""Fit an action to the code of an autoencoder that never saw g, and compare it with rivals.

``nice python benchmarks/plain_codes.py`` trains and measures everything on one thread and writes
``benchmarks/results/plain_codes.md``, ``.json`` and a picture per data set; ``--only
rotated-digits`` does one and keeps the results of the others. Trained weights are kept in
``--cache`` and trained anew only if they are missing. Budgets are processor seconds, so that other
processes on the machine have little effect.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path
from typing import Any

import torch
from plain_code_report import Record, draw, write_report
from plain_code_rivals import ConditionalNet, LinearPictures, PerElement, nearest_of
from plain_code_study import STUDIES, SinglePictures, Workshop, alone, reconstruction
from torch import Tensor

from groupae import LatentActionAE, fit_action
from groupae.actions.fitted import FittedAction
from groupae.experiments.baselines import Unchanged

_BINS = 24
Codes = tuple[Tensor, Tensor, Tensor]


def measure(shop: Workshop) -> dict[str, Any]:
    """Return all figures of a study, and write its picture."""
    record, study, seconds = Record(shop), shop.study, shop.study.seconds
    untrained = study.network(f"{study.numbers}x0", reconstruction)
    plain = shop.trained("plain", untrained, SinglePictures(shop.train), seconds)
    record.facts["numbers"] = study.numbers
    record.add("its own reconstruction of x2", plain, alone(shop.test.x2, study.group))
    record.add("x1 unchanged", Unchanged(), is_shown=False)
    fitted = None
    if study.group.is_compact:
        codes = shop.codes(plain.encode)
        fitted = _add_fitted(record, plain, codes)
        _add_rivals(record, plain, codes)
    if shop.wants("conditional"):
        _add_net(record, plain)
    _add_trained(record, plain, fitted)
    if fitted is not None and study.trains:
        draw(record)
    return record.content()


def _add_fitted(record: Record, plain: LatentActionAE, codes: Codes) -> FittedAction:
    """Fit an action to codes, and measure both ways to use it."""
    group, started = record.shop.study.group, time.process_time()
    fitted = fit_action(group, *codes)
    record.facts["fit_seconds"] = time.process_time() - started
    print(fitted, flush=True)
    record.add("fitted: encode, act, decode", LatentActionAE.wrap(plain, fitted))
    on_code = LatentActionAE(plain.encoder, plain.decoder, fitted.action)
    record.add("fitted: the action on the code", on_code, is_shown=False)
    record.add_spectrum(fitted)
    return fitted


def _add_rivals(record: Record, plain: LatentActionAE, codes: Codes) -> None:
    """Measure maps of the same codes without a group law, and the same fit to pixels."""
    shop, study = record.shop, record.shop.study
    nearest = nearest_of(study.group, study.group.grid(_BINS))
    name = f"linear regression per element, {_BINS} bins"
    record.add(name, PerElement(plain, nearest, codes))
    pixels = LinearPictures(shop.train.batch(0, 4000).x2, study.components)
    fitted = fit_action(study.group, *shop.codes(pixels.encode))
    name = f"the same fit to {study.components} principal components of pixels"
    record.add(name, LatentActionAE.wrap(pixels, fitted))


@torch.no_grad()
def _scale_of(record: Record, plain: LatentActionAE) -> Tensor:
    """Return codes of the validation pictures."""
    return torch.as_tensor(plain.encode(record.shop.validation.x2))


def _add_net(record: Record, plain: LatentActionAE) -> None:
    """Train a network of code and element between the frozen halves of the autoencoder."""
    shop, study = record.shop, record.shop.study
    torch.manual_seed(0)
    codes = _scale_of(record, plain)
    untrained = ConditionalNet(copy.deepcopy(plain), study.group.rep(study.told), codes)
    net = shop.trained("conditional", untrained, shop.train, study.seconds, rate=study.net_rate)
    record.add("conditional net of code and element", net)


def _add_trained(record: Record, plain: LatentActionAE, fitted: FittedAction | None) -> None:
    """Train on from the fitted action, and the same network with an action from the start."""
    shop, study = record.shop, record.shop.study
    if fitted is not None and shop.wants("tuned"):
        free = copy.deepcopy(plain).requires_grad_(True)
        wrapped = LatentActionAE.wrap(free, fitted, frozen=False, objective="log_mse")
        budget, rate = study.tuning, study.tuning_rate
        tuned = shop.trained("tuned", wrapped, shop.train, budget, rate=rate)
        record.add("fitted, then fine-tuned for as long again", tuned)
    if shop.wants("start"):
        network = study.network(study.representation, "log_mse")
        start = shop.trained("start", network, shop.train, 2 * study.seconds)
        record.add("trained with an action from the start, for twice as long", start)


def main() -> None:
    """Measure all studies, or one, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(STUDIES), help="do one study, keep the others")
    parser.add_argument("--cache", type=Path, default=Path("plain_codes_cache"))
    parser.add_argument("--kept", action="store_true", help="leave out trainings not in the cache")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    for name in [options.only] if options.only else STUDIES:
        write_report({name: measure(Workshop(STUDIES[name], options.cache, options.kept))})


if __name__ == "__main__":
    main()
