"""Encodes texts with the Rust library `tokenizers`, on one thread, for reference.ts.

Usage: python reference.py TOKENIZER.JSON. Reads one request a line, {"texts": [...], "call": NAME}, where the call is
encode, encode_batch or encode_batch_fast, and answers each with {"ids": [[...], ...], "cpuSeconds": ...}. The first
line it prints has the versions.
"""

import json
import os
import platform
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers

tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1])
# Winnow decides about length itself.
tokenizer.no_truncation()
tokenizer.no_padding()


def answer(value):
    print(json.dumps(value, separators=(",", ":")), flush=True)


def encoded(texts, call):
    if call == "encode":
        return [tokenizer.encode(text) for text in texts]
    return getattr(tokenizer, call)(texts)


answer({"tokenizers": tokenizers.__version__, "python": platform.python_version()})
for line in sys.stdin:
    request = json.loads(line)
    started = time.process_time()
    encodings = encoded(request["texts"], request["call"])
    seconds = time.process_time() - started
    answer({"cpuSeconds": seconds, "ids": [encoding.ids for encoding in encodings]})
