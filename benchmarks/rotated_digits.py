"""Train our default and the paper's model for equal time, on the same data, at one batch size.

``python benchmarks/rotated_digits.py --minutes 5`` prints one table. The paper's model is trained
twice: at its published learning rate without a schedule, and with our schedule at ten times that
rate, which suits a short budget better; the last line compares with the better of the two. The
default is also trained with frequency 1 only, all else equal, to measure the effect of the others.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform

import torch

from groupae.experiments import build_model, get_experiment
from groupae.metrics import evaluate
from groupae.training import fit


def main() -> None:
    """Train all models, one after the other, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--only", default="", help="train only models whose name contains this text"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    experiment = get_experiment("rotated-digits")
    default, paper = experiment.preset("default"), experiment.preset("paper")
    published = experiment.preset("paper-published")
    trials = {
        "paper, lr 1e-4 as published": (published.model, published.training),
        "paper, lr 1e-3 with our schedule": (paper.model, paper.training),
        "default, frequency 1 only": (
            dataclasses.replace(default.model, representation="12x0 + 90x1"),
            default.training,
        ),
        "default": (default.model, default.training),
    }
    trials = {name: trial for name, trial in trials.items() if options.only in name}
    test = experiment.data.load("test").fixed()
    validation = experiment.data.load("validation").fixed()
    print(
        f"{options.minutes:g} minutes each, batch {options.batch_size}, {options.threads} threads"
    )
    print(f"{platform.machine()}, torch {torch.__version__}, seed {options.seed}")
    print(f"{'model':<34}{'PSNR (dB)':>16}{'SSIM':>18}{'steps':>8}{'seconds':>9}{'parameters':>12}")
    scores = {}
    for name, (model_config, training) in trials.items():
        training = dataclasses.replace(
            training,
            minutes=options.minutes,
            batch_size=options.batch_size,
            seed=options.seed,
        )
        model = build_model(experiment.data, model_config, seed=options.seed)
        result = fit(model, experiment.data.load("train", seed=options.seed), validation, training)
        score = evaluate(model, test, ["psnr", "ssim"])
        scores[name] = score["psnr"].mean
        size = sum(p.numel() for p in model.parameters())
        psnr, ssim = f"{score['psnr']:.2f}", f"{score['ssim']:.3f}"
        row = f"{name:<34}{psnr:>16}{ssim:>18}{result.steps:>8}{result.seconds:>9.0f}{size:>12,}"
        print(row, flush=True)
    if options.only:
        return
    best_paper = max(score for name, score in scores.items() if name.startswith("paper"))
    print(f"default over the better paper run: {scores['default'] - best_paper:+.2f} dB")


if __name__ == "__main__":
    main()
