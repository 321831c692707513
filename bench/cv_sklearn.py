"""scikit-learn's cross_val_score on embeddings and folds that bench/cv.ts wrote; prints one JSON line.

Usage: python bench/cv_sklearn.py FOLDER   (rows.f32, truth.i32, folds.i32, shape.json)

The estimator is LogisticRegression with the C that most of Winnow's folds chose.
"""
import json
import sys
import time
from pathlib import Path
from statistics import mode

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_score

folder = Path(sys.argv[1])
shape = json.loads((folder / "shape.json").read_text())
rows = np.fromfile(folder / "rows.f32", dtype=np.float32).reshape(-1, shape["width"])
truth = np.fromfile(folder / "truth.i32", dtype=np.int32)
folds = PredefinedSplit(np.fromfile(folder / "folds.i32", dtype=np.int32))
c = mode(shape["strengths"])
started = time.perf_counter()
scores = cross_val_score(LogisticRegression(C=c, max_iter=2000), rows, truth, cv=folds, scoring="accuracy")
print(
    json.dumps(
        {
            "version": sklearn.__version__,
            "C": c,
            "accuracy": {"mean": scores.mean(), "folds": list(scores)},
            "seconds": time.perf_counter() - started,
        }
    )
)
