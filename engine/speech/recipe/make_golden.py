#!/usr/bin/env python3
"""Computes golden.json: what onnxruntime makes of the models.

usage: make_golden.py MODELS      (a directory that pull_models.py has filled)

Needs onnxruntime 1.31.1, onnx 1.23.2, tokenizers 0.23.3 and numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import tokenizers

GOLDEN = Path(__file__).resolve().parent.parent / "golden"

# misaki 0.9.4's reading of "Hello there."
PHONEMES = "həlˈO ðˈɛɹ."
UNKNOWN = ["Nguyen", "Okonkwo", "Brzezinski", "hibari"]

HEARD = [679, 373, 407, 281, 1468, 12, 2777, 1335, 1862, 582, 13]  # whisper's "He was not an old-sposed young man."

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


def log_mel(audio, frames):
    """openai/whisper's log-mel spectrum of `audio` and silence, computed the slow way."""
    count, hop, window, bands = frames * 320, 160, 400, 80
    padded = np.pad(np.pad(audio, (0, count - len(audio))), window // 2, mode="reflect")
    hann = np.hanning(window + 1)[:-1]
    columns = np.stack([padded[at:at + window] * hann for at in range(0, count, hop)])
    powers = np.abs(np.fft.rfft(columns, axis=1)) ** 2
    step = np.log(6.4) / 27
    pitches = np.linspace(0, 15 + np.log(8000 / 1000) / step, bands + 2)
    edges = np.where(pitches < 15, pitches * 200 / 3, 1000 * np.exp(step * (pitches - 15)))
    hertz = np.arange(window // 2 + 1) * 40.0
    filters = [np.maximum(0, np.minimum((hertz - low) / (mid - low), (high - hertz) / (high - mid))) * 2 / (high - low)
               for low, mid, high in zip(edges, edges[1:], edges[2:])]
    logs = np.log10(np.maximum(powers @ np.array(filters).T, 1e-10))
    return ((np.maximum(logs, logs.max() - 8) + 4) / 4).T.astype(np.float32)


def whisper(models, clip):
    """What the encoder makes of the clip, and how likely the decoder finds HEARD: the mean log probability of its tokens and
    of the end. It is likelier than what always taking the likeliest token gives ("ill-disposed", -0.317)."""
    mel = log_mel(doubled(clip).astype(np.float64) / 32768, 400)
    encoder = session(models / "stt/whisper_encoder.onnx")
    names = [output.name for output in encoder.get_outputs()]
    audio = dict(zip(names, encoder.run(names, {"mel": mel[None]})))
    decoder = session(models / "stt/whisper_decoder.onnx")
    memory = {i.name: np.zeros((1, 6, 0, 64), np.float32)
              for i in decoder.get_inputs() if i.name.startswith("past")}
    names = [output.name for output in decoder.get_outputs()]
    tokens = [50257, 50362, *HEARD, 50256]  # the text begins, has no times, ends
    logs = []
    for position, token in enumerate(tokens[:-1]):
        outputs = dict(zip(names, decoder.run(names, {
            "token": np.array([token]), "position": np.array([position]), **memory, **audio})))
        memory = {name: outputs[name.replace("past", "present")] for name in memory}
        logits = outputs["logits"][0].astype(np.float64)
        if position > 0:
            likelihoods = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
            logs.append(likelihoods[tokens[position + 1]])
    first = audio["audio.0.key"]
    return {"mel": rounded(mel.ravel()[::431]), "shape": list(first.shape), "every": 997,
            "key": rounded(first.ravel()[::997], 3), "tokens": HEARD,
            "log_probability": round(float(np.mean(logs)), 4)}


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


MEANT = ["How much is a cleaning?", "Could I leave my dog with you for a week?", "What's your fax number?",
         "Do you serve crème brûlée at the café (gluten-free)?",
         "Um, I'd like to re-schedule Dr. Alvarez's 3:30 PM appointment...",
         "Schnurrbartkrankenhaus qzxv 12,500"]


def meaning(models):
    """The pieces of each text, and every eighth number of its direction."""
    model = session(models / "meaning/model.onnx")
    words = tokenizers.Tokenizer.from_file(str(models / "meaning/tokenizer.json"))
    words.no_padding()
    golden = []
    for text in MEANT:
        pieces = words.encode(text).ids
        ids = np.array([pieces], np.int64)
        hidden, = model.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids),
                                   "token_type_ids": np.zeros_like(ids)})
        direction = hidden[0].mean(0)
        direction /= np.linalg.norm(direction)
        golden.append({"text": text, "pieces": pieces, "direction": rounded(direction[::8], 5)})
    return golden


def main():
    models = Path(sys.argv[1])
    clip = np.fromfile(GOLDEN / "clip.pcm", "<i2")
    golden = {"detector": detector(models, clip), "recognizer": recognizer(models, clip),
              "whisper": whisper(models, clip),
              "voice": voice(models), "unknown": unknown(models),
              "meaning": meaning(models)}
    (GOLDEN / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
