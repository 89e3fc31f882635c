"""
What stays of one picture, what turns of another
================================================

A code has invariants, which no element of the group changes, and numbers that move. A swap decodes
the invariants of one picture with the moving numbers of another. No loss asked for it, so it shows
what the training has put where. The model is in the package (``groupae zoo``).
"""

import torch

import groupae
from groupae import BlockedDigits
from groupae.viz import plot_swap_table

model, test = groupae.load("zoo:blocked-digits"), BlockedDigits("test")
print(model.action)

# %%
# Pictures on the left give their invariants, those above the rest: one digit in six poses, behind a
# square.
x = test.orbit(torch.tensor([0, 2, 3, 4]), 1).x[0]
y = test.orbit(torch.tensor([7]), 6).x[:, 0]
figure = plot_swap_table(model, x, y)

# %%
# The square, or its absence, comes from the left, so the hidden part of the 9 comes out. The
# shape of the digit comes from above, with traces of the left one: most of a shape is in how the
# moving numbers stand to each other, not in the invariants.
