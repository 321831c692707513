"""Fine-tunes a BERT encoder in plain PyTorch: the reference for the accuracy and speed of `winnow train`.

Accuracy:  python bench/train_torch.py --base DIR --data DIR [--bf16] [--json]
Timing:    python bench/train_torch.py --base DIR --batches FILE --steps N  (one round a line of stdin)
Check:     python bench/train_torch.py --base DIR --embed FILE.jsonl.gz    (embeddings as JSON lines)

DIR of the base holds model.onnx and tokenizer.json; DIR of the data train, validation and test.jsonl.gz.
Without a validation file a tenth of each label is held out. Mean pooling, linear head from zero-mean noise,
AdamW 1e-4 (head 1e-3), decay 0.01 on matrices, a tenth of the steps warm-up and then linear, clipping to 1,
5 epochs, 32 texts, at most 128 tokens. Batches are padded to their longest text; texts are sorted by length
among 32 shuffled batches, as length-grouped samplers do. The epoch of the best validation macro-F1 counts.
"""

import argparse
import gzip
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from onnx_weights import pytorch_weights
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional


class Layer(nn.Module):
    def __init__(self, hidden, heads, wide, dropout, attention_dropout):
        super().__init__()
        self.heads, self.dropout, self.attention_dropout = heads, dropout, attention_dropout
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=1e-12)
        self.wide = nn.Linear(hidden, wide)
        self.narrow = nn.Linear(wide, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)

    def drop(self, x):
        return functional.dropout(x, self.dropout, self.training)

    def forward(self, x, mask):
        batch, tokens, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropped = self.attention_dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, mask, dropped)
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, hidden)
        x = self.attention_norm(x + self.drop(self.out(mixed)))
        return self.norm(x + self.drop(self.narrow(functional.gelu(self.wide(x)))))


class Classifier(nn.Module):
    def __init__(self, path, labels, dropout, attention_dropout):
        super().__init__()
        weights = pytorch_weights(path)
        words = weights["embeddings.word_embeddings.weight"]
        hidden = words.shape[1]
        self.dropout = dropout
        self.words = nn.Embedding.from_pretrained(words, freeze=False)
        positions = weights["embeddings.position_embeddings.weight"]
        self.positions = nn.Embedding.from_pretrained(
            positions + weights["embeddings.token_type_embeddings.weight"][0], freeze=False
        )
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.copy(self.norm, weights, "embeddings.LayerNorm")
        count = 1 + max(int(n.split(".")[2]) for n in weights if n.startswith("encoder.layer."))
        wide = weights["encoder.layer.0.intermediate.dense.bias"].shape[0]
        heads = 12
        self.layers = nn.ModuleList(
            Layer(hidden, heads, wide, dropout, attention_dropout) for _ in range(count)
        )
        for i, layer in enumerate(self.layers):
            at = f"encoder.layer.{i}"
            parts = [f"{at}.attention.self.{p}" for p in ("query", "key", "value")]
            with torch.no_grad():
                layer.qkv.weight.copy_(torch.cat([weights[f"{p}.weight"] for p in parts]))
                layer.qkv.bias.copy_(torch.cat([weights[f"{p}.bias"] for p in parts]))
            self.copy(layer.out, weights, f"{at}.attention.output.dense")
            self.copy(layer.attention_norm, weights, f"{at}.attention.output.LayerNorm")
            self.copy(layer.wide, weights, f"{at}.intermediate.dense")
            self.copy(layer.narrow, weights, f"{at}.output.dense")
            self.copy(layer.norm, weights, f"{at}.output.LayerNorm")
        self.head = nn.Linear(hidden, labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    @staticmethod
    def copy(module, weights, name):
        with torch.no_grad():
            module.weight.copy_(weights[f"{name}.weight"])
            module.bias.copy_(weights[f"{name}.bias"])

    def embed(self, ids, lengths):
        tokens = ids.shape[1]
        counted = torch.arange(tokens)[None] < lengths[:, None]
        x = self.norm(self.words(ids) + self.positions.weight[:tokens])
        x = functional.dropout(x, self.dropout, self.training)
        # Without padding no mask is given, so that the fastest kernel is used.
        mask = None if bool(counted.all()) else counted[:, None, None]
        for layer in self.layers:
            x = layer(x, mask)
        return (x * counted[..., None]).sum(1) / lengths[:, None]

    def forward(self, ids, lengths):
        return self.head(functional.dropout(self.embed(ids, lengths), self.dropout, self.training))


def pad(texts):
    lengths = torch.tensor([len(t) for t in texts])
    ids = torch.zeros(len(texts), int(lengths.max()), dtype=torch.long)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.as_tensor(text)
    return ids, lengths


def optimizer_of(model, args):
    groups = {}
    for name, parameter in model.named_parameters():
        rate = args.head_rate if name.startswith("head.") else args.rate
        decay = 0.01 if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "lr": r, "weight_decay": d} for (r, d), p in groups.items()],
        fused=args.optimizer == "fused",
    )


def train_step(model, optimizer, batch, bf16):
    ids, lengths, truth = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = functional.cross_entropy(model(ids, lengths).float(), truth)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def read_jsonl(path):
    with gzip.open(path, "rt") if str(path).endswith(".gz") else open(path) as lines:
        return [json.loads(line) for line in lines]


def tokenizer_of(base, tokens_max):
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens_max)
    return tokenizer


def batches_of(lengths, size, rng):
    order, span, batches = rng.permutation(len(lengths)), size * 32, []
    for first in range(0, len(order), span):
        part = order[first : first + span]
        part = part[np.argsort(-lengths[part], kind="stable")]
        batches += [part[i : i + size] for i in range(0, len(part), size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def macro_f1(truth, found, labels):
    scores = []
    for label in range(labels):
        both = np.sum((truth == label) & (found == label))
        either = np.sum(truth == label) + np.sum(found == label)
        if np.any(truth == label):
            scores.append(2 * both / max(1, either))
    return float(np.mean(scores))


@torch.no_grad()
def predict(model, texts, bf16):
    model.eval()
    order = np.argsort([len(t) for t in texts], kind="stable")
    found = np.zeros(len(texts), dtype=np.int64)
    for first in range(0, len(order), 64):
        part = order[first : first + 64]
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            found[part] = model(*pad([texts[i] for i in part])).argmax(1).numpy()
    model.train()
    return found


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def load_parts(args):
    parts = {p: args.data / f"{p}.jsonl.gz" for p in ("train", "validation", "test")}
    rows = {p: read_jsonl(path) for p, path in parts.items() if path.exists()}
    if "validation" not in rows:
        rng = np.random.default_rng(args.seed)
        labels = np.array([r["label"] for r in rows["train"]])
        held = np.concatenate(
            [rng.permutation(np.flatnonzero(labels == x))[: round(np.sum(labels == x) / 10)] for x in np.unique(labels)]
        )
        rows["validation"] = [rows["train"][i] for i in held]
        rows["train"] = [r for i, r in enumerate(rows["train"]) if i not in set(held.tolist())]
    return rows


def fine_tune(args):
    started, cpu_started = time.perf_counter(), time.process_time()
    rows = load_parts(args)
    names = sorted({r["label"] for r in rows["train"]})
    tokenizer = tokenizer_of(args.base, args.tokens_max)
    texts = {p: [e.ids for e in tokenizer.encode_batch([r["text"] for r in part])] for p, part in rows.items()}
    truth = {p: np.array([names.index(r["label"]) for r in part]) for p, part in rows.items()}
    model = Classifier(args.base / "model.onnx", len(names), args.dropout, args.attention_dropout)
    optimizer = optimizer_of(model, args)
    lengths = np.array([len(t) for t in texts["train"]])
    rng = np.random.default_rng(args.seed)
    epoch_steps = len(batches_of(lengths, args.batch, rng))
    steps = args.epochs * epoch_steps
    warm = max(1, round(0.1 * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda s: (s + 1) / warm if s < warm else (steps - s) / max(1, steps - warm),
    )
    epochs, best, tokens, step_seconds = [], None, 0, 0.0
    for epoch in range(1, args.epochs + 1):
        losses = []
        for indices in batches_of(lengths, args.batch, rng):
            step_started = time.perf_counter()
            batch = (*pad([texts["train"][i] for i in indices]), torch.from_numpy(truth["train"][indices]))
            losses.append(train_step(model, optimizer, batch, args.bf16))
            schedule.step()
            step_seconds += time.perf_counter() - step_started
            tokens += int(lengths[indices].sum())
        report = {"epoch": epoch, "loss": float(np.mean(losses))}
        found = predict(model, texts["validation"], args.bf16)
        report["validationMacroF1"] = macro_f1(truth["validation"], found, len(names))
        report["testAccuracy"] = float(np.mean(predict(model, texts["test"], args.bf16) == truth["test"]))
        epochs.append(report)
        print(json.dumps(report), file=sys.stderr, flush=True)
        if best is None or report["validationMacroF1"] > best["validationMacroF1"]:
            best = report
    return {
        **{"torch": torch.__version__, "data": args.data.name, "seed": args.seed, "bf16": args.bf16},
        **{"accuracy": best["testAccuracy"], "bestEpoch": best["epoch"], "lastAccuracy": epochs[-1]["testAccuracy"]},
        **{"epochs": epochs, "steps": steps, "tokens": tokens, "tokensPerSecond": tokens / step_seconds},
        **{"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - cpu_started},
        "peakBytes": peak_bytes(),
    }


def time_rounds(args):
    """Answers each line of stdin with the time of the next `--steps` batches of the file, which is read in circles."""
    work = json.loads(args.batches.read_text())
    model = Classifier(args.base / "model.onnx", work["labels"], args.dropout, args.attention_dropout)
    optimizer = optimizer_of(model, args)
    made = [(*pad(b["ids"]), torch.tensor(b["truth"])) for b in work["batches"]]
    place = 0
    for _ in iter(sys.stdin.readline, ""):
        tokens, started, cpu_started = 0, time.perf_counter(), time.process_time()
        for _ in range(args.steps):
            batch = made[place % len(made)]
            loss = train_step(model, optimizer, batch, args.bf16)
            tokens += int(batch[1].sum())
            place += 1
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
        answer = {"tokens": tokens, "seconds": seconds, "cpuSeconds": cpu, "loss": loss, "peakBytes": peak_bytes()}
        print(json.dumps(answer), flush=True)


@torch.no_grad()
def embed(args):
    model = Classifier(args.base / "model.onnx", 2, 0.0, 0.0).eval()
    tokenizer = tokenizer_of(args.base, args.tokens_max)
    for row in read_jsonl(args.embed)[: args.steps]:
        vector = model.embed(*pad([tokenizer.encode(row["text"]).ids]))[0]
        print(json.dumps({"text": row["text"], "embedding": functional.normalize(vector, dim=0).tolist()}))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--batches", type=Path)
    parser.add_argument("--embed", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--tokens-max", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--attention-dropout", type=float, default=0.1)
    parser.add_argument("--optimizer", choices=["fused", "default"], default="fused")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--json", action="store_true", help="the result as one JSON document")
    return parser.parse_args()


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    if args.embed:
        embed(args)
    elif args.batches:
        time_rounds(args)
    elif args.data:
        result = fine_tune(args)
        print(json.dumps(result) if args.json else f"accuracy {result['accuracy']:.4f}")
    else:
        sys.exit("give --data, --batches or --embed")


if __name__ == "__main__":
    main()
