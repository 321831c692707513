"""Serves a model version of Winnow with MLServer: Hugging Face's tokenizers and ONNX Runtime.

It shares no code with Winnow, so that equal answers mean something.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceResponse, MetadataTensor
from tokenizers import Tokenizer


class WinnowVersion(MLModel):
    async def load(self) -> bool:
        folder = Path(self.settings.parameters.uri)
        manifest = json.loads((folder / "manifest.json").read_text())
        self.labels = manifest["labels"]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(manifest["maxTokens"])
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        self.inputs = [MetadataTensor(name="text", datatype="BYTES", shape=[-1])]
        return True

    async def predict(self, payload):
        texts = StringCodec.decode_input(payload.inputs[0])
        probabilities = np.concatenate([self.run(text) for text in texts])
        labels = [self.labels[index] for index in probabilities.argmax(axis=1)]
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[
                StringCodec.encode_output("label", labels),
                NumpyCodec.encode_output("probabilities", probabilities),
            ],
        )

    def run(self, text):
        ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int32)
        feeds = {"input_ids": ids}
        if any(one.name == "lengths" for one in self.session.get_inputs()):
            feeds["lengths"] = np.array([ids.shape[1]], dtype=np.int32)
        return self.session.run(["probabilities"], feeds)[0]
