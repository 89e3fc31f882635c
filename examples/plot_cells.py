"""
Cells in unknown orientation
============================

Cells lie on a slide in any orientation. Here four kinds are drawn, turned and mirrored at random;
nobody says which is which. `groupae.OrbitProfiler` gives one vector per cell that does not depend
on its orientation, so that nearest neighbours and clusters are those of the shapes.
"""

import math

import numpy as np
from matplotlib import pyplot as plt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from groupae import OrbitProfiler
from groupae.profiles import plot_neighbours

# %%
# Outlines of four kinds (bean, knob, star and peanut), each cell a little different. Lists may
# have any number of points and begin anywhere.
rng = np.random.default_rng(0)
at = np.linspace(0, 2 * math.pi, 80, endpoint=False)
kinds = [(0.1, 0.35, 0.0), (0.3, 0.05, 0.12), (0.0, 0.0, 0.3), (0.0, 0.5, 0.05)]
cells, truth = [], []
for kind, waves in enumerate(kinds):
    for _ in range(30):
        noisy = np.array(waves) + rng.normal(scale=0.03, size=3)
        r = 1 + sum(a * np.cos(k * at + 0.4 * k**2) for a, k in zip(noisy, (1, 2, 5), strict=True))
        z = r * np.exp(1j * at) * np.exp(2j * math.pi * rng.random())
        z = z.conj() if rng.random() < 0.5 else z
        cells.append(np.roll(np.stack([z.real, z.imag], -1), rng.integers(80), 0))
        truth.append(kind)

# %%
# No label, no training: vectors of outlines are exact, also under mirror images (O(2)).
profiler = OrbitProfiler("o2", kind="outlines")
vectors = profiler.fit_transform(cells)
found = KMeans(4, n_init=10, random_state=0).fit_predict(vectors)
points = np.stack(cells).reshape(len(cells), -1)
raw = KMeans(4, n_init=10, random_state=0).fit_predict(points)
for name, labels in (("profiles", found), ("points as they are", raw)):
    print(f"clusters of {name}: adjusted Rand score {adjusted_rand_score(truth, labels):.2f}")

# %%
# Pose, how sure it is, and the cell in canonical pose come with the vector; two cells of each kind:
profiles = profiler.profile(cells)
print(dict(zip(profiles.pose_columns, profiles.poses[0].round(1).tolist(), strict=True)))
figure, axes = plt.subplots(2, 8, figsize=(9, 2.6), layout="constrained")
for row, items in zip(axes, (cells, profiles.canonical), strict=True):
    row[0].set_ylabel("as it lay" if items is cells else "canonical", fontsize=8)
    for axis, i in zip(row, range(0, 120, 15), strict=True):
        axis.fill(items[i][:, 0], items[i][:, 1])
        axis.set(xticks=[], yticks=[], aspect="equal")

# %%
# The nearest cells by their vectors, each as it lay on the slide.
figure = plot_neighbours(profiles, cells, rows=4)
