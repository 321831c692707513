"""scikit-learn's LogisticRegression on embeddings that bench/head.ts wrote; prints one JSON line.

Usage: python bench/head_sklearn.py FOLDER   (train.f32, train.i32, test.f32, test.i32, shape.json)
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss

folder = Path(sys.argv[1])
width = json.loads((folder / "shape.json").read_text())["width"]


def part(name):
    rows = np.fromfile(folder / f"{name}.f32", dtype=np.float32).reshape(-1, width)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), np.fromfile(folder / f"{name}.i32", dtype=np.int32)


train, truth = part("train")
test, test_truth = part("test")
trials = []
for c in (1, 10, 100):
    started = time.perf_counter()
    model = LogisticRegression(C=c, max_iter=2000).fit(train, truth)
    probabilities = model.predict_proba(test)
    predicted = model.classes_[probabilities.argmax(axis=1)]
    trials.append(
        {
            "C": c,
            "accuracy": accuracy_score(test_truth, predicted),
            "macroF1": f1_score(test_truth, predicted, average="macro"),
            "logLoss": log_loss(test_truth, probabilities, labels=model.classes_),
            "seconds": time.perf_counter() - started,
        }
    )
print(json.dumps({"version": sklearn.__version__, "trials": trials}))
