"""The scikit-learn peer of the training benchmark: SGDRegressor, a step a row, without regulariser.

sgd.py FEATURES TARGETS ROWS COLUMNS: float32 files; commands and answers as in c/sgd.c, of which `epoch STEP` and `reset`.
"""

import sys
import time

import numpy
from sklearn.linear_model import SGDRegressor

features_path, targets_path, rows, columns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
features = numpy.fromfile(features_path, dtype=numpy.float32, count=rows * columns).reshape(rows, columns)
targets = numpy.fromfile(targets_path, dtype=numpy.float32, count=rows).astype(numpy.float64)
# What it computes in: given float32 it would copy the rows in every epoch.
features = features.astype(numpy.float64)


def regressor():
    return SGDRegressor(penalty=None, alpha=0.0, learning_rate="constant", fit_intercept=False, shuffle=False)


model = regressor()
print("ready", flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "epoch":
        model.set_params(eta0=float(words[1]))
        start = time.perf_counter()
        model.partial_fit(features, targets)
        print(time.perf_counter() - start, flush=True)
    else:
        model = regressor()
        print(0, flush=True)
