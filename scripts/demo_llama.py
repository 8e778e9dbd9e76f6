"""A real OpenAI-compatible server, llama.cpp's own in C++, on this machine: python demo_llama.py MODEL.gguf LOG

Prints its address once it listens, and serves until its input ends. What it writes of its requests goes to LOG by itself.
"""

import os
import pathlib
import sys

import xllamacpp


def main(model, log):
    # The server tells what it does on standard error, from threads of its own: the descriptor is turned, not the object.
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {pathlib.Path(model).stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # The prompt of a business takes some 3,000 tokens; two calls may be up.
    params.n_ctx = 8192
    params.n_parallel = 1
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
