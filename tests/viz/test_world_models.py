import math

import pytest
import torch

from groupae import SO2, VectorAction
from groupae.protocols import Trajectories
from groupae.testing.world_models import WorldModel, audit_world_model
from groupae.viz import plot_world_model, save_figure

ACT = VectorAction(SO2().rep("2x1"))


def report(predict, encode=lambda x: x, steps=None, decode=None):
    g = SO2().sample(6, 3, generator=torch.Generator().manual_seed(0))
    x = [torch.randn(6, 4, generator=torch.Generator().manual_seed(1))]
    for t in range(3):
        x.append(ACT(g[:, t], x[-1]))
    data = Trajectories(torch.stack(x, 1), g, group=SO2())
    return audit_world_model(WorldModel(encode, predict, decode), data, steps=steps)


def test_curves_and_bars_have_the_numbers_of_the_report(tmp_path):
    found = report(lambda z, g: ACT(g + 0.1, z), decode=lambda z: z)
    figure = plot_world_model(found)
    left, right = figure.axes
    drawn = {line.get_label(): line.get_ydata() for line in left.lines}
    assert list(drawn["codes of the rollout"]) == pytest.approx(found.curves["codes"].error)
    assert list(drawn["decoded pictures"]) == pytest.approx(found.curves["pictures"].error)
    bars = [bar.get_width() for bar in right.patches]
    assert bars == pytest.approx([max(law.error, 1e-8) for law in found.laws])
    assert [label.get_text() for label in right.get_yticklabels()] == [x.law for x in found.laws]
    assert right.get_title() == f"world model: failed {', '.join(found.failures)}"
    assert "drift" in found.failures
    save_figure(figure, tmp_path / "drift.png")
    assert (tmp_path / "drift.png").stat().st_size > 5000


@pytest.mark.parametrize(
    "found",
    [
        report(lambda z, g: z, encode=torch.zeros_like),
        report(lambda z, g: z * math.nan, steps=1),
        report(lambda z, g: ACT(g, z), steps=1),
    ],
    ids=["collapsed", "not finite", "exact, one step"],
)
def test_reports_without_curves_or_finite_numbers_can_be_drawn(found, tmp_path):
    save_figure(plot_world_model(found), tmp_path / "drift.png")
