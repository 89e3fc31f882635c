#!/bin/sh
# Checks on one CUDA device in under 8 minutes: bash benchmarks/gpu.sh [--device cpu] [--quick]
cd "$(dirname "$0")/.." && exec "${PYTHON:-python}" benchmarks/gpu.py "$@"
