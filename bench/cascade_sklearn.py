"""TF-IDF and logistic regression of scikit-learn, as the rival of a cascade's small model.

Reads {"train": [[text, label], ...], "test": [...]} from stdin and prints the accuracy on the test
texts for each C.
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

given = json.load(sys.stdin)
train_texts, train_labels = zip(*given["train"])
test_texts, test_labels = zip(*given["test"])
truth = np.array(test_labels)
vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
train = vectorizer.fit_transform(train_texts)
test = vectorizer.transform(test_texts)
accuracies = {}
for strength in given["strengths"]:
    model = LogisticRegression(C=strength, max_iter=200).fit(train, train_labels)
    accuracies[str(strength)] = float((model.predict(test) == truth).mean())
print(json.dumps({"version": sklearn.__version__, "accuracies": accuracies}))
