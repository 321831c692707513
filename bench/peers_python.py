"""The Python rivals of bench/peers.ts: one process that classifies texts with each of them in turn.

    python bench/peers_python.py WORK.json
    python bench/peers_python.py WORK.json --serve   the pipeline behind FastAPI, on a free port

WORK.json: {"base": folder, "threads", "batch", "rivals", "maxTokens", "labels", "head": {"weight": [hidden][labels], "bias"},
"train": [{"text", "label"}]}. The first line of stdout is {"versions", "sides": {name: null or why it is missing}}.
Each line of stdin is {"side", "texts"}; its answer is {"labels", "logits", "seconds", "cpuSeconds"}, where logits are
those of the labels, or null if the side has none.
"""

import importlib.metadata
import json
import os
import sys
import tempfile
import time
from pathlib import Path

work = json.loads(Path(sys.argv[1]).read_text())
# Before any import that starts threads. Waiting threads sleep, because spinning would cost processor time.
os.environ.update(
    OMP_NUM_THREADS=str(work["threads"]),
    RAYON_NUM_THREADS=str(work["threads"]),
    OMP_WAIT_POLICY="PASSIVE",
    TOKENIZERS_PARALLELISM="true",
    HF_HUB_OFFLINE="1",
    TRANSFORMERS_VERBOSITY="error",
)
import numpy as np

base, labels = Path(work["base"]), work["labels"]
head_weight = np.array(work["head"]["weight"], dtype=np.float32)
head_bias = np.array(work["head"]["bias"], dtype=np.float32)
folder = tempfile.TemporaryDirectory(prefix="winnow-bench-peers-")
batch_texts = work["batch"]


def chosen(logits):
    """Labels and their logits from float32 [texts, labels]."""
    best = logits.argmax(axis=1)
    return [labels[i] for i in best], logits[np.arange(len(best)), best].tolist()


def bert():
    """The base as a Transformers model and tokenizer."""
    import torch
    from onnx_weights import pytorch_weights
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.set_num_threads(work["threads"])
    weights = pytorch_weights(base / "model.onnx")
    names = [n for n in weights if n.startswith("encoder.layer.")]
    vocabulary, hidden = weights["embeddings.word_embeddings.weight"].shape
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=1 + max(int(n.split(".")[2]) for n in names),
        num_attention_heads=12,
        intermediate_size=len(weights["encoder.layer.0.intermediate.dense.bias"]),
    )
    model = BertModel(config, add_pooling_layer=False)
    missing, _ = model.load_state_dict(weights, strict=False)
    if missing:
        raise ValueError(f"the base has no weights {missing}")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(base / "tokenizer.json"),
        model_max_length=work["maxTokens"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    return model.eval(), tokenizer


def transformers_pipeline():
    import torch
    from torch import nn
    from transformers import BertPreTrainedModel, TextClassificationPipeline
    # cspell:disable-next-line: the library's spelling
    from transformers.modeling_outputs import SequenceClassifierOutput

    class BertForSequenceClassification(BertPreTrainedModel):
        """Mean pooling, length 1 and a linear head, as Winnow's head over the last layer."""

        def __init__(self, encoder):
            encoder.config.id2label = dict(enumerate(labels))
            super().__init__(encoder.config)
            self.bert = encoder
            self.classifier = nn.Linear(*head_weight.shape)
            self.classifier.weight.data = torch.from_numpy(head_weight.T.copy())
            self.classifier.bias.data = torch.from_numpy(head_bias)

        def forward(self, input_ids, attention_mask, token_type_ids=None):
            states = self.bert(input_ids, attention_mask).last_hidden_state
            mask = attention_mask[..., None].to(states.dtype)
            pooled = (states * mask).sum(1) / mask.sum(1)
            return SequenceClassifierOutput(logits=self.classifier(nn.functional.normalize(pooled, dim=1)))

    encoder, tokenizer = bert()
    model = BertForSequenceClassification(encoder).eval()
    return TextClassificationPipeline(model=model, tokenizer=tokenizer, device="cpu", function_to_apply="none")


def by_length(texts, classify):
    """Gives the texts to `classify` in the order of their lengths, longest first."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    found, logits = classify([texts[i] for i in order])
    places = np.argsort(order)
    return [found[i] for i in places], [logits[i] for i in places]


def pipeline_side():
    pipe = transformers_pipeline()

    def classify(texts):
        rows = pipe(texts, batch_size=batch_texts, truncation=True)
        return [r["label"] for r in rows], [r["score"] for r in rows]

    return classify


def sorted_pipeline_side():
    classify = pipeline_side()
    return lambda texts: by_length(texts, classify)


def sentence_encoder():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer

    encoder, tokenizer = bert()
    path = str(Path(folder.name) / "bert")
    encoder.save_pretrained(path)
    tokenizer.save_pretrained(path)
    transformer = Transformer(path, max_seq_length=work["maxTokens"])
    return SentenceTransformer(modules=[transformer, Pooling(encoder.config.hidden_size), Normalize()], device="cpu")


def logistic_head():
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression()
    head.classes_ = np.array(labels)
    head.coef_, head.intercept_ = head_weight.T, head_bias
    return head


def sentence_side():
    encoder, head = sentence_encoder(), logistic_head()
    return lambda texts: chosen(head.decision_function(encoder.encode(texts, batch_size=batch_texts)))


def setfit_side():
    from setfit import SetFitModel

    model = SetFitModel(model_body=sentence_encoder(), model_head=logistic_head(), labels=labels)
    return lambda texts: ([str(x) for x in model.predict(texts, batch_size=batch_texts)], None)


def onnx_session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = work["threads"]
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnx_classify(session):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.enable_truncation(work["maxTokens"])
    tokenizer.no_padding()
    names = {i.name for i in session.get_inputs()}

    def run(texts):
        encoded = [row.ids for row in tokenizer.encode_batch(texts)]
        order = np.argsort([-len(row) for row in encoded], kind="stable")
        logits = np.empty((len(texts), len(labels)), dtype=np.float32)
        for first in range(0, len(texts), batch_texts):
            places = order[first : first + batch_texts]
            lengths = np.array([len(encoded[i]) for i in places])
            ids = np.zeros((len(places), lengths.max()), dtype=np.int64)
            for row, i in enumerate(places):
                ids[row, : lengths[row]] = encoded[i]
            mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
            inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            states = session.run(None, {n: v for n, v in inputs.items() if n in names})[0]
            pooled = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1)[:, None]
            pooled = pooled.astype(np.float32)
            pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
            logits[places] = pooled @ head_weight + head_bias
        return chosen(logits)

    return run


def onnx_side():
    return onnx_classify(onnx_session(base / "model.onnx"))


def dynamic_int8_side():
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = Path(folder.name) / "int8.onnx"
    quantize_dynamic(str(base / "model.onnx"), str(path), weight_type=QuantType.QInt8, per_channel=True)
    return onnx_classify(onnx_session(path))


def model2vec_side():
    from model2vec.distill import distill_from_model
    from sklearn.linear_model import LogisticRegression

    encoder, tokenizer = bert()
    train = work["train"]
    if not train:
        raise ValueError("model2vec needs --train for its head")
    static = distill_from_model(encoder, tokenizer, pca_dims=256)
    head = LogisticRegression(C=10, max_iter=1000)
    head.fit(static.encode([row["text"] for row in train]), [row["label"] for row in train])

    def classify(texts):
        rows = head.decision_function(static.encode(texts))
        return [str(head.classes_[i]) for i in rows.argmax(axis=1)], None

    return classify


sides = {
    "Transformers pipeline": pipeline_side,
    "Transformers pipeline, sorted": sorted_pipeline_side,
    "sentence-transformers + scikit-learn": sentence_side,
    "SetFit": setfit_side,
    "ONNX Runtime fp32": onnx_side,
    "ONNX Runtime dynamic int8": dynamic_int8_side,
    "model2vec + scikit-learn": model2vec_side,
}


def versions():
    lines = (Path(__file__).parent / "peers" / "requirements.txt").read_text().splitlines()
    names = [line.split("[")[0] for line in lines if line and not line.startswith("#")]
    installed = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}
    return {name: installed.get(name) for name in names}


def answer_rounds():
    opened, missing = {}, {}
    asked = {name: side for name, side in sides.items() if name in (work["rivals"] or sides)}
    for name, open_side in asked.items():
        try:
            opened[name] = open_side()
        except Exception as error:  # An old or absent package is a finding, not an end of the run.
            absent = isinstance(error, ImportError)
            reason = "not installed" if absent else f"does not run ({type(error).__name__})"
            missing[name] = reason
            print(f"{name}: {error}", file=sys.stderr)
    # Libraries print on stdout when they are opened; only this process's answers may stand there.
    reply({"versions": versions(), "sides": {name: missing.get(name) for name in asked}})
    for line in sys.stdin:
        asked = json.loads(line)
        classify = opened[asked["side"]]
        started, cpu_started = time.perf_counter(), time.process_time()
        found, logits = classify(asked["texts"])
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
        reply({"labels": found, "logits": logits, "seconds": seconds, "cpuSeconds": cpu})


def serve():
    import socket
    import threading

    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Request(BaseModel):
        texts: list[str]

    pipe = transformers_pipeline()
    app = FastAPI()

    @app.post("/v1/classify")
    def classify(request: Request):
        return {"results": pipe(request.texts, truncation=True)}

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        reply({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        # The server ends with the benchmark, whose end closes stdin.
        threading.Thread(target=lambda: (sys.stdin.read(), setattr(server, "should_exit", True)), daemon=True).start()
        server.run(sockets=[listener])


def reply(message):
    print(json.dumps(message), file=answers, flush=True)


# What libraries print goes to stderr.
answers, sys.stdout = sys.stdout, sys.stderr
serve() if "--serve" in sys.argv else answer_rounds()
