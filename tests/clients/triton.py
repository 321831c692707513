"""What tritonclient reads from a server of the Open Inference Protocol, as one JSON document.

Usage: triton.py HOST:PORT MODEL json|all TEXTS_AS_JSON [KEY]
With `json`, tensors travel as JSON only, for servers without the binary extension.
"""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

address, model, modes, texts = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
# MLServer reads JSON only from requests that say so.
headers = {"Content-Type": "application/json"} if modes == "json" else None
client = triton.InferenceServerClient(address)


class BearerKey(triton.InferenceServerClientPlugin):
    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {sys.argv[5]}"


if len(sys.argv) > 5:
    client.register_plugin(BearerKey())


def tensor(shape, binary):
    given = triton.InferInput("text", list(shape), "BYTES")
    array = np.array(texts, dtype=object).reshape(shape)
    return given.set_data_from_numpy(array, binary_data=binary)


def rows(result):
    def plain(name):
        values = result.as_numpy(name)
        if values is None:
            return None
        if values.dtype == object:
            values = np.array([v.decode() if isinstance(v, bytes) else v for v in values.ravel()])
        return values.ravel().tolist()

    return {
        "id": result.get_response().get("id"),
        "model": result.get_response().get("model_name"),
        "version": result.get_response().get("model_version"),
        "label": plain("label"),
        "score": plain("score"),
        "probabilities": plain("probabilities"),
        "logits": plain("logits"),
    }


def refusal(call):
    try:
        call()
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


def infer(shape, binary_in, binary_out, name=model, **more):
    names = ["label", "probabilities"] if modes == "json" else ["label", "score", "probabilities", "logits"]
    outputs = [triton.InferRequestedOutput(one, binary_data=binary_out) for one in names]
    return client.infer(
        name, [tensor(shape, binary_in)], outputs=outputs, request_id="42", headers=headers, **more
    )


count = len(texts)
found = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "modelReady": client.is_model_ready(model),
    "unknownReady": client.is_model_ready("nothing-of-this-name"),
    "metadata": client.get_model_metadata(model),
    "json": rows(infer((count,), False, False)),
    "unknown": refusal(lambda: infer((count,), False, False, name="nothing-of-this-name")),
}
if modes == "all":
    found["server"] = client.get_server_metadata()
    found["binary"] = rows(infer((count,), True, True))
    found["mixed"] = rows(infer((count, 1), True, False))
    found["column"] = rows(infer((count, 1), False, True))
    found["version"] = rows(infer((count,), True, True, model_version="1"))
    # Without a list of outputs, tritonclient asks for all of them in binary.
    found["default"] = rows(client.infer(model, [tensor((count,), True)]))
    for coding in ("gzip", "deflate"):
        found[coding] = rows(infer((count,), True, True, request_compression_algorithm=coding))
    asked = [triton.InferRequestedOutput("probabilities", class_count=2)]
    classes = client.infer(model, [tensor((count,), True)], outputs=asked)
    found["classes"] = [one.decode() for one in classes.as_numpy("probabilities").ravel()]
    pending = [
        client.async_infer(model, [tensor((count,), True)], request_id=str(number))
        for number in range(8)
    ]
    found["async"] = [rows(one.get_result()) for one in pending]
    number = triton.InferInput("text", [1], "INT64").set_data_from_numpy(np.array([1]))
    found["datatype"] = refusal(lambda: client.infer(model, [number]))
    found["output"] = refusal(
        lambda: client.infer(
            model, [tensor((count,), True)], outputs=[triton.InferRequestedOutput("nothing")]
        )
    )
print(json.dumps(found))
