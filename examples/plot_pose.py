"""
The pose of a picture, and the picture without it
=================================================

A trained model has learned what a turn is, so it also tells by how much one picture is turned
against another, and puts pictures in one pose. Nothing is trained here: the model is in the package
(``groupae zoo``).
"""

import torch
from matplotlib import pyplot as plt

import groupae
from groupae import RotatedDigits, evaluate
from groupae.viz import plot_predictions

model, test = groupae.load("zoo:rotated-digits"), RotatedDigits("test")
print(f"{evaluate(model, test, 'psnr')['psnr']:.1f} dB on held-out digits")

# %%
# ``canonicalize`` returns each picture in a pose that does not depend on the pose of the input, and
# the element that it was turned by. Three digits in four poses each: eleven pictures agree with
# others of their digit, one 3 ends half a turn away.
seen = test.orbit(torch.tensor([3, 2, 18]), 4)
x = seen.x.transpose(0, 1).flatten(0, 1)  # four poses of the first digit, then of the second, ...
with torch.no_grad():
    canonical, poses = model.canonicalize(x)
figure = plot_predictions({"picture": x, "canonical": canonical})

# %%
# ``estimate`` returns the element between two pictures. 300 held-out pairs at random angles:
pairs = test.fixed(300)
difference = model.group.compose(model.estimate(pairs.x1, pairs.x2), model.group.inverse(pairs.g))
errors = torch.rad2deg(model.group.log(difference)[:, 0])
print(f"half of the angles are within {errors.abs().median():.1f} degrees")
figure, axis = plt.subplots(figsize=(6, 2.4), layout="constrained")
axis.hist(errors.clamp(-20, 20), bins=81, range=(-20.25, 20.25))
axis.set(xlabel="error of the angle in degrees (beyond 20: at the rim)", ylabel="pairs")
