"""What OpenAI's client reads from /v1/embeddings, as one JSON document.

Usage: openai_embeddings.py URL MODEL TEXTS_AS_JSON [KEY]
"""

import json
import sys

import openai

url, model, texts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
key = sys.argv[4] if len(sys.argv) > 4 else "none"
client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


def embedded(**more):
    answer = client.embeddings.create(model=model, **more)
    return {
        "model": answer.model,
        "tokens": answer.usage.prompt_tokens,
        "embeddings": [one.embedding for one in answer.data],
    }


def refusal(**more):
    try:
        client.embeddings.create(**{"model": model, "input": "a", **more})
    except openai.APIStatusError as error:
        return {"kind": type(error).__name__, "code": error.code, "param": error.param}
    return None


print(
    json.dumps(
        {
            # By default the client asks for base64 and decodes it.
            "base64": embedded(input=texts),
            "float": embedded(input=texts, encoding_format="float"),
            "single": embedded(input=texts[0]),
            "unknown": refusal(model="text-embedding-3-small"),
            "dimensions": refusal(dimensions=3),
            "tokens": refusal(input=[1, 2, 3]),
        }
    )
)
