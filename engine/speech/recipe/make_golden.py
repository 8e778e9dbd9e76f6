#!/usr/bin/env python3
"""Computes golden.json: what onnxruntime makes of the models.

usage: make_golden.py MODELS      (a directory that pull_models.py has filled)

Needs onnxruntime 1.31.1, onnx 1.23.2 and numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

GOLDEN = Path(__file__).resolve().parent.parent / "golden"

# misaki 0.9.4's reading of "Hello there."
PHONEMES = "həlˈO ðˈɛɹ."
UNKNOWN = ["Nguyen", "Okonkwo", "Brzezinski", "hibari"]

START, END = 1, 2  # the recognizer's marks for the beginning and the end of a text


def session(path, extra=()):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    model = onnx.load(str(path))
    for name in extra:
        model.graph.output.append(onnx.helper.ValueInfoProto(name=name))
    name_branches(model.graph)
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def name_branches(graph):
    """onnxruntime wants a name for every graph within a graph."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                attribute.g.name = attribute.g.name or attribute.name
                name_branches(attribute.g)


def rounded(values, digits=4):
    return [round(float(value), digits) for value in np.asarray(values).ravel()]


def detector(models, clip):
    vad = session(models / "vad/silero_vad.onnx")
    state = np.zeros((2, 1, 128), np.float32)
    context = np.zeros(32, np.float32)
    probabilities = []
    for begin in range(0, len(clip) - 255, 256):
        window = clip[begin:begin + 256].astype(np.float32) / 32768
        output, state = vad.run(["output", "stateN"], {
            "input": np.concatenate([context, window])[None], "state": state,
            "sr": np.array(8000, np.int64)})
        context = window[-32:]
        probabilities.append(output[0, 0])
    return rounded(probabilities)


def doubled(clip):
    """At 16 kHz: every second sample is the mean of its neighbors, rounded down."""
    after = np.append(clip[1:], clip[-1]).astype(np.int32)
    between = (clip.astype(np.int32) + after) >> 1
    return np.stack([clip, between], axis=1).astype(np.int16).ravel()


def recognizer(models, clip):
    audio = doubled(clip).astype(np.float32)[None] / 32768
    encoder = session(models / "stt/encoder_model.onnx")
    hidden, = encoder.run(["last_hidden_state"], {
        "input_values": audio, "attention_mask": np.ones(audio.shape, np.int64)})
    decoder = session(models / "stt/decoder_model_merged.onnx")
    past = {i.name: np.zeros((1, 8, 0, 36), np.float32)
            for i in decoder.get_inputs() if i.name.startswith("past")}
    names = [output.name for output in decoder.get_outputs()]
    token, tokens = START, []
    while True:
        outputs = dict(zip(names, decoder.run(names, {
            "encoder_attention_mask": np.ones((1, hidden.shape[1]), np.int64),
            "encoder_hidden_states": hidden, "input_ids": np.array([[token]], np.int64),
            "use_cache_branch": np.array([bool(tokens)]), **past})))
        for name in past:
            if not tokens or ".decoder." in name:
                past[name] = outputs[name.replace("past_key_values", "present")]
        token = int(outputs["logits"][0, -1].argmax())
        if token == END:
            break
        tokens.append(token)
    return {"shape": list(hidden.shape), "every": 97, "hidden": rounded(hidden.ravel()[::97], 3),
            "tokens": tokens}


def voice(models):
    vocab = json.loads((models / "tts/vocab.json").read_text(encoding="utf-8"))
    ids = [vocab[sound] for sound in PHONEMES]
    model = session(models / "tts/hibari.onnx", extra=["/Clip_output_0"])
    harmonic, pitch, durations = model.run(["lh", "f0", "/Clip_output_0"], {
        "ids": np.array([[0, *ids, 0]], np.int64), "speed": np.ones(1, np.float32)})
    return {"ids": ids, "durations": [int(frames) for frames in durations.ravel()],
            "pitch": rounded(pitch, 2), "every": 211, "harmonic": rounded(harmonic.ravel()[::211], 3)}


def unknown(models):
    alphabets = json.loads((models / "tts/oov.json").read_text(encoding="utf-8"))
    number = {letter: index + 1 for index, letter in enumerate(alphabets["in"])}
    net = session(models / "tts/oov.onnx")
    said = {}
    for word in UNKNOWN:
        steps, = net.run(None, {"chars": np.array([[number[letter] for letter in word]], np.int64)})
        sounds, before = "", 0
        for step in steps[0].tolist():
            if step not in (0, before):
                sounds += alphabets["out"][step - 1]
            before = step
        said[word] = sounds
    return said


def main():
    models = Path(sys.argv[1])
    clip = np.fromfile(GOLDEN / "clip.pcm", "<i2")
    golden = {"detector": detector(models, clip), "recognizer": recognizer(models, clip),
              "voice": voice(models), "unknown": unknown(models)}
    (GOLDEN / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
