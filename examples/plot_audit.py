"""
Is my network equivariant?
==========================

`groupae.audit` measures it for any network: by how much not, under which elements, and which layer
loses it. Part of the error is not the network's: pictures are interpolated when they turn.
"""

import torch
from torch import nn

from groupae import SO2, Cyclic, GridAction, audit
from groupae.data import smooth_pictures
from groupae.viz import plot_audit

# %%
# A small network of plain torch layers; ``torchvision.models.resnet18(weights=None)`` is audited in
# the same way. Its kernels look alike from all four sides, so that it should ignore quarter turns.
torch.manual_seed(0)
layers = []
for inputs, outputs, stride in ((3, 16, 1), (16, 16, 2), (16, 32, 1), (32, 32, 2)):
    layers += [nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.ReLU()]
    kernels = layers[-2].weight.data
    kernels.copy_(sum(kernels.rot90(k, (2, 3)) for k in range(4)) / 2)
net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))

# %%
# It does not, on pictures of 32 pixels: a third of the squared error is interpolation, the rest its
# own. The two strided convolutions add most of it, for they start at the left border and end before
# the right one.
even = smooth_pictures(32, 3, 32, 32)
options = {"layer_actions": "positions", "n_elements": 8}  # feature maps turn as pictures do
report = audit(net, GridAction(SO2(), (32, 32)), "invariant", even, **options)
print(report)
figure = plot_audit(report)

# %%
# On pictures of 33 pixels the same weights keep the law under quarter turns, to rounding. Between
# them an error of a tenth is left, most of it by the last convolution: on 9 pixels, three are too
# few for a round kernel. The audit passes: none of it is at the quarter turns.
odd = smooth_pictures(32, 3, 33, 33)
report = audit(net, GridAction(SO2(), (33, 33)), "invariant", odd, **options)
figure = plot_audit(report)

# %%
# So this network is exactly invariant under the quarter turns, C(4), and roughly under SO(2).
report = audit(net, GridAction(Cyclic(4), (33, 33)), "invariant", odd, **options)
print(report.passed, f"{report.errors['equivariance'].error:.1e}")
