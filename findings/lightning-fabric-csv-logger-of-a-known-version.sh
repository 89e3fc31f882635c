#!/usr/bin/env bash
# Library: lightning-fabric 2.6.6 (CSVLogger), with torch 2.13.0.
# Guess: a CSVLogger made again with the root, name and version of an earlier one goes on in its
#   metrics.csv, so that a resumed training has one table.
# Seen: the earlier table is deleted at the first save, after a warning; only the new rows are left.
# Output: rows before 3, after one row more 1; warned True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check lightning-fabric==2.6.6 torch==2.13.0 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'EOF2'
import csv
import warnings

from lightning_fabric.loggers import CSVLogger


def rows():
    with open("logs/run/version_0/metrics.csv", newline="") as stream:
        return list(csv.DictReader(stream))


first = CSVLogger("logs", "run", version=0)
for step in range(3):
    first.log_metrics({"loss": 1.0 - step / 10}, step=step)
first.finalize("success")
before = len(rows())
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    again = CSVLogger("logs", "run", version=0)
    again.log_metrics({"loss": 0.5}, step=3)
    again.save()
warned = any("will be deleted" in str(one.message) for one in found)
after = rows()
assert before == 3 and [row["step"] for row in after] == ["3"] and warned, f"changed: {before}, {after}"
print(f"rows before {before}, after one row more {len(after)}; warned {warned}")
EOF2
