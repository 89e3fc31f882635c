#!/usr/bin/env bash
# Library: symm-learning 0.8.1, with escnn 1.0.11, torch 2.13.0.
# Guess: in evaluation mode, a layer whose parameters are changed in place, as averages of weights are, or
#   are given by torch.func.functional_call, computes with the new ones, as torch.nn.Linear does.
# Seen: eLinear keeps the matrix of its first call until a gradient, a change of mode or load_state_dict.
#   After functional_call it keeps the matrix of the parameters that were given for that call only.
#   eConv1d follows its parameters.
# Output: parameters doubled: outputs of eLinear times 1.0, after train().eval() 2.0; eConv1d 2.0, Linear 2.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==1.26.4 scipy==1.17.1 joblib==1.6.0 \
  lie-learn==0.0.2 autograd==1.9.1 pymanopt==2.2.1
# escnn also asks for py3nj, which is built with Fortran and not needed
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-deps escnn==1.0.11 symm-learning==0.8.1
"$folder/venv/bin/python" - <<'EOF'
import contextlib
import io
import warnings

import torch

warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    from escnn.group import DihedralGroup
    from symm_learning.nn import eConv1d, eLinear

    rho = DihedralGroup(3).regular_representation
    torch.manual_seed(0)
    vectors, series = torch.randn(8, rho.size), torch.randn(8, rho.size, 9)
    layers = {
        "eLinear": (eLinear(rho, rho).eval(), vectors),
        "eConv1d": (eConv1d(rho, rho, kernel_size=3).eval(), series),
        "Linear": (torch.nn.Linear(rho.size, rho.size).eval(), vectors),
    }
    ratios = {}
    with torch.no_grad():
        for name, (layer, x) in layers.items():
            y = layer(x)
            for parameter in layer.parameters():
                parameter.mul_(2)
            ratios[name] = float((layer(x) / y).median())
        layer, x = layers["eLinear"]
        before = layer(x)
        ratios["again"] = float((layer.train().eval()(x) / before).median())
        other, twice = eLinear(rho, rho).eval(), {}
        for name, parameter in other.named_parameters():
            twice[name] = 2 * parameter
        once = torch.func.functional_call(other, twice, (x,))
        kept = bool(torch.equal(other(x), once))
for name, ratio in {"eLinear": 1, "again": 2, "eConv1d": 2, "Linear": 2}.items():
    assert abs(ratios[name] - ratio) < 1e-4, f"changed: {ratios}"
assert kept, "changed: functional_call leaves no trace"
print(
    f"parameters doubled: outputs of eLinear times {ratios['eLinear']:.1f}, after train().eval() "
    f"{ratios['again']:.1f}; eConv1d {ratios['eConv1d']:.1f}, Linear {ratios['Linear']:.1f}"
)
EOF
