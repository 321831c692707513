"""cleanlab on the labels and held-out probabilities that bench/labels.ts wrote; prints one JSON line.

Usage: python bench/labels_cleanlab.py FOLDER single|sets LABELS   (given, changed, probabilities)

Scores its filters `both` and `prune_by_noise_rate` (its default), and the ranking by its default
score of label quality.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.multilabel_classification import get_label_quality_scores as set_quality
from cleanlab.multilabel_classification.filter import find_label_issues as find_set_issues
from cleanlab.rank import get_label_quality_scores

warnings.filterwarnings("ignore")
folder, task, labels = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
changed = np.fromfile(folder / "changed", dtype=np.uint8).astype(bool)
probabilities = np.fromfile(folder / "probabilities", dtype=np.float32).reshape(-1, labels).astype(np.float64)
if task == "single":
    given = np.fromfile(folder / "given", dtype=np.int32)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    find, quality = find_label_issues, get_label_quality_scores(given, probabilities)
else:
    targets = np.fromfile(folder / "given", dtype=np.uint8).reshape(-1, labels)
    given = [list(np.flatnonzero(row)) for row in targets]
    find, quality = find_set_issues, set_quality(given, probabilities)

ranked = changed[np.argsort(quality, kind="stable")]
precisions = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
auprc = float(precisions[ranked].mean())


def score(name: str) -> dict:
    listed = find(given, probabilities, filter_by=name, n_jobs=1)
    hits = int((listed & changed).sum())
    return {
        "listed": int(listed.sum()),
        "precision": hits / max(1, int(listed.sum())),
        "recall": hits / int(changed.sum()),
        "f1": 2 * hits / int(listed.sum() + changed.sum()),
        "auprc": auprc,
    }


print(json.dumps({"both": score("both"), "noiseRate": score("prune_by_noise_rate")}))
