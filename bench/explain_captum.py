"""Captum's integrated gradients of a classifier that Winnow wrote: the reference for bench/explain.ts.

python bench/explain_captum.py FILE.json    (prints one JSON document)

FILE holds the path of model.onnx, the version's manifest and the texts: ids, ids of the baseline, the label's
index and the number of steps. The weights are read from the ONNX file into a BERT of plain PyTorch. Attributions
are of the label's log-odds with respect to the output of the embedding layer, summed over its width.
"""

import json
import sys

import captum
import onnx
import torch
from captum.attr import IntegratedGradients
from onnx import numpy_helper
from torch.nn import functional


class Classifier:
    def __init__(self, path, manifest):
        graph = onnx.load(path).graph
        self.weights = {
            i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer
        }
        attributes = {(n.op_type, a.name): a for n in graph.node for a in n.attribute}
        self.heads = attributes["MultiHeadAttention", "num_heads"].i
        self.epsilon = attributes["LayerNormalization", "epsilon"].f
        self.layers = sum(name.endswith("/attention/projections/weight") for name in self.weights)
        self.pooling = manifest["pooling"]
        scaled = sum(n.op_type == "LpNormalization" for n in graph.node)
        self.normalize = scaled > (self.layers + 1 if self.pooling == "layer-means" else 0)
        self.temperature = manifest.get("temperature", 1)
        self.independent = manifest.get("task") == "multi-label"

    def linear(self, x, name):
        return x @ self.weights[f"{name}/weight"] + self.weights[f"{name}/bias"]

    def norm(self, x, name):
        scale, bias = self.weights[f"{name}/norm/scale"], self.weights[f"{name}/norm/bias"]
        return functional.layer_norm(x, scale.shape, scale, bias, self.epsilon)

    def embed(self, ids):
        words, positions = self.weights["embeddings/words"], self.weights["embeddings/positions"]
        return self.norm(words[ids] + positions[: ids.shape[1]], "embeddings")

    def layer(self, x, name):
        batch, tokens, hidden = x.shape
        parts = self.linear(x, f"{name}/attention/projections")
        q, k, v = parts.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax(q @ k.transpose(2, 3) / q.shape[-1] ** 0.5, dim=-1) @ v
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, hidden)
        x = self.norm(x + self.linear(mixed, f"{name}/attention"), f"{name}/attention")
        wide = functional.gelu(self.linear(x, f"{name}/feed_forward/wide"))
        return self.norm(x + self.linear(wide, f"{name}/feed_forward"), f"{name}/feed_forward")

    def log_odds(self, states, target):
        all_states = [states]
        for index in range(self.layers):
            all_states.append(self.layer(all_states[-1], f"layer.{index}"))
        if self.pooling == "layer-means":
            means = [functional.normalize(each.mean(1), dim=1) for each in all_states]
            embedding = torch.cat(means, dim=1)
        else:
            last = all_states[-1]
            embedding = last[:, 0] if self.pooling == "cls" else last.mean(1)
        if self.normalize:
            embedding = functional.normalize(embedding, dim=1)
        logits = self.linear(embedding, "head") / self.temperature
        if self.independent or logits.shape[1] == 1:
            return logits[:, target]
        others = [label for label in range(logits.shape[1]) if label != target]
        return logits[:, target] - torch.logsumexp(logits[:, others], dim=1)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    model = Classifier(asked["modelPath"], asked["manifest"])
    answers = []
    for text in asked["texts"]:
        states = model.embed(torch.tensor([text["ids"]]))
        baseline = model.embed(torch.tensor([text["baseline"]]))
        explain = IntegratedGradients(lambda x, target=text["target"]: model.log_odds(x, target))
        attributions = explain.attribute(
            states,
            baselines=baseline,
            n_steps=text["steps"],
            method="gausslegendre",
            internal_batch_size=16,
        )
        answers.append(
            {
                "attributions": attributions.sum(2)[0].tolist(),
                "logOdds": model.log_odds(states, text["target"]).item(),
            }
        )
    versions = {"captum": captum.__version__, "torch": torch.__version__}
    print(json.dumps({"versions": versions, "texts": answers}))


if __name__ == "__main__":
    main()
