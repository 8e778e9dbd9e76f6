"""A server of models that is not ours, for scripts/demo_llama.sh.

    python demo_llama.py serve MODEL.gguf OUT    llama.cpp's own HTTP server in C++, and in front of it a listener that
                                                 passes every byte on as it is and notes when each came
    python demo_llama.py judge OUT BUSINESS...   whether the callers of each heard that server's words

`serve` prints its address once it answers, and ends with its input. It wants the key in LLAMA_KEY and refuses others.
"""

import json
import os
import pathlib
import re
import socket
import sys
import threading
import time

# Beside the engine's own work one core is what it gets; two threads that wait for each other are slower on a busy machine.
THREADS = 1
# The prompt of a small business takes some 1,000 tokens, a long call as many again.
WINDOW = 4096


def serve(model, out):
    import xllamacpp

    # It tells what it does on standard error, from threads of its own: the descriptor is turned, not Python's object.
    os.dup2(os.open(out / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.api_keys = [os.environ["LLAMA_KEY"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = WINDOW
    # One caller at a time: whoever comes next finds the prompt read already.
    params.n_parallel = 1
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = THREADS
        cpu.poll = 0
    server = xllamacpp.Server(params)
    port = int(server.listening_address.rsplit(":", 1)[1])
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, args=(listener, port, out / "wire.jsonl"), daemon=True).start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    sys.stdin.read()
    # Its threads do not end by themselves.
    os._exit(0)


def listen(listener, port, path):
    notes, lock = path.open("w"), threading.Lock()

    def note(connection, side, data):
        row = {"at": time.monotonic(), "connection": connection, "from": side, "bytes": data.decode("utf-8", "replace")}
        with lock:
            notes.write(json.dumps(row) + "\n")
            notes.flush()

    def pump(connection, side, source, sink):
        try:
            while data := source.recv(65536):
                note(connection, side, data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    connection = 0
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        connection += 1
        for side, source, sink in (("engine", near, far), ("server", far, near)):
            threading.Thread(target=pump, args=(connection, side, source, sink), daemon=True).start()


def streams(path):
    """The replies the server streamed: when each piece of words came, and the words."""
    rests, found = {}, {}
    for row in map(json.loads, path.open()):
        if row["from"] != "server":
            found[row["connection"]] = None
            continue
        text = rests.pop(row["connection"], "") + row["bytes"]
        *lines, rests[row["connection"]] = text.split("\n")
        for line in lines:
            if not line.startswith("data: {"):
                continue
            event = json.loads(line[6:])
            if found.get(row["connection"]) is None:
                found[row["connection"]] = {"pieces": [], "usage": None}
                yield found[row["connection"]]
            stream = found[row["connection"]]
            stream["usage"] = event.get("usage") or stream["usage"]
            for choice in event["choices"]:
                if words := choice["delta"].get("content"):
                    stream["pieces"].append((row["at"], words))


def plain(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def said_by(words, replies):
    """The longest run of `words` that stands in one of `replies`."""
    longest = []
    for reply in replies:
        for start in range(len(words)):
            for end in range(start + len(longest) + 1, len(words) + 1):
                run = words[start:end]
                if not any(reply[at : at + len(run)] == run for at in range(len(reply) - len(run) + 1)):
                    break
                longest = run
    return longest


def judge(out, businesses):
    all_streams = list(streams(out / "wire.jsonl"))
    spoken = [stream for stream in all_streams if len(stream["pieces"]) > 1]
    # One piece is the single token that a prompt is warmed with.
    replies = [plain("".join(words for _, words in stream["pieces"])) for stream in spoken]
    heard_at = set()
    for path in sorted(out.glob("state/calls/*/*/call.json")):
        record = json.loads(path.read_text())
        print(f"{record['business']}:")
        for turn in record["turns"]:
            if not turn["caller"]:
                continue
            run = said_by(plain(turn["heard"]), replies)
            is_its = len(run) >= 4
            if is_its:
                heard_at.add(record["business"])
            print(f"    caller: {turn['caller']}")
            whose = "the server's words" if is_its else "not the server's words: it was late, or its figures were invented"
            print(f"    agent:  {turn['heard']}    [{whose}]")
    print("what the server streamed:")
    for stream in spoken:
        times = [at for at, _ in stream["pieces"]]
        usage = stream["usage"] or {}
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        told = f"; told {usage['prompt_tokens']} tokens read, {cached} of them from its cache" if usage else "; cut off by the engine"
        text = " ".join("".join(words for _, words in stream["pieces"]).split())
        print(f"    {len(times)} pieces within {times[-1] - times[0]:.2f} s{told}: {text[:160]}")
    is_streamed = any(stream["pieces"][-1][0] - stream["pieces"][0][0] > 0.02 for stream in spoken)
    is_counted = any(stream["usage"] for stream in all_streams)
    checks = [(f"a caller of {business} heard the server's words", business in heard_at) for business in businesses]
    checks += [
        ("they came as a stream, piece by piece", is_streamed),
        ("the server told what it used", is_counted),
    ]
    for what, is_so in checks:
        print(f"{'ok    ' if is_so else 'failed'} {what}")
    return 0 if all(is_so for _, is_so in checks) else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        sys.exit(judge(pathlib.Path(sys.argv[2]), sys.argv[3:]))
