"""One thread a process: two 2-thread processes on two cores collapse."""

import matplotlib as mpl
import torch
from hypothesis import settings

mpl.use("Agg")
torch.set_num_threads(1)
settings.register_profile("groupae", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("groupae")
