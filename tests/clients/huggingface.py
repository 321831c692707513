"""What huggingface_hub reads from /predict, as one JSON document.

Usage: huggingface.py URL TEXTS_AS_JSON
"""

import json
import sys

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

url, texts = sys.argv[1], json.loads(sys.argv[2])
client = InferenceClient(model=f"{url}/predict")
found = []
for text in texts:
    # For a text, the client gives the first element of the list that it reads.
    first = client.text_classification(text)
    found.append({"label": first.label, "score": first.score})
try:
    client.text_classification("")
    refused = None
except HfHubHTTPError as error:
    refused = {"status": error.response.status_code, "body": error.response.json()}
print(json.dumps({"found": found, "refused": refused}))
