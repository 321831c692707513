"""scikit-learn's LogisticRegression on embeddings that bench/head.ts wrote; prints one JSON line.

Usage: python bench/head_sklearn.py FOLDER   (train.f32, train.i32, test.f32, test.i32, folds.i32, shape.json)

Without "grid" in shape.json: fits C = 1, 10, 100 and judges each on the test set. With it: chooses C from the grid on
the given folds by macro F1 and fits all rows, as Winnow does, and says how long that takes.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import PredefinedSplit

folder = Path(sys.argv[1])
shape = json.loads((folder / "shape.json").read_text())


def part(name):
    rows = np.fromfile(folder / f"{name}.f32", dtype=np.float32).reshape(-1, shape["width"])
    return rows, np.fromfile(folder / f"{name}.i32", dtype=np.int32)


def judged(model, started, cpu_started):
    probabilities = model.predict_proba(test)
    predicted = model.classes_[probabilities.argmax(axis=1)]
    return {
        "accuracy": accuracy_score(test_truth, predicted),
        "macroF1": f1_score(test_truth, predicted, average="macro"),
        "logLoss": log_loss(test_truth, probabilities, labels=model.classes_),
        "seconds": time.perf_counter() - started,
        "cpuSeconds": time.process_time() - cpu_started,
    }


train, truth = part("train")
test, test_truth = part("test")
if "grid" in shape:
    folds = PredefinedSplit(np.fromfile(folder / "folds.i32", dtype=np.int32))
    started, cpu_started = time.perf_counter(), time.process_time()
    model = LogisticRegressionCV(
        Cs=shape["grid"],
        cv=folds,
        l1_ratios=(0,),
        # "f1_macro" by name fails on two labels in 1.9.1.
        scoring=lambda fitted, rows, known: f1_score(known, fitted.predict(rows), average="macro"),
        max_iter=2000,
        use_legacy_attributes=False,
    ).fit(train, truth)
    result = {"C": float(np.max(model.C_)), **judged(model, started, cpu_started)}
else:
    trials = []
    for c in (1, 10, 100):
        started, cpu_started = time.perf_counter(), time.process_time()
        model = LogisticRegression(C=c, max_iter=2000).fit(train, truth)
        trials.append({"C": c, **judged(model, started, cpu_started)})
    result = {"trials": trials}
print(json.dumps({"version": sklearn.__version__, **result}))
