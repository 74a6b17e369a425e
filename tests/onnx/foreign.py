"""Networks as other tools write them. foreign.py write FOLDER: python3-torch's exporters, and python3-onnx in the idioms of
CNTK, tf2onnx and Keras, put each into FOLDER/TOOL/NAME as model.onnx and test_data_set_0 (an image and PyTorch's answer).
foreign.py check COMMANDS FOLDER: cnn-import reads each, its answers are compared, cnn-export writes it, and importing that gives
the same YAML and weights to the byte. foreign.py run COMMANDS: both. write and run end with code 77 where a library is missing."""

import importlib.util
import inspect
import subprocess
import sys
import tempfile
from pathlib import Path

if len(sys.argv) < 3:
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)

try:
    import numpy
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    torch = None
    missing = error.name


# --- PyTorch's own exporters ---

if torch:

    class Residual(nn.Module):
        """He et al. 2015: two convolutions of 3x3, or a bottleneck of 1x1, 3x3 and 1x1."""

        def __init__(self, inputs, width, stride, bottleneck):
            super().__init__()
            outputs = 4 * width if bottleneck else width
            if bottleneck:
                parts = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
            else:
                parts = [(inputs, width, 3, stride), (width, outputs, 3, 1)]
            self.body = nn.ModuleList(
                nn.Sequential(nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b)) for a, b, k, s in parts)
            self.shortcut = None
            if stride != 1 or inputs != outputs:
                self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = x
            for i, part in enumerate(self.body):
                y = F.relu(part(y)) if i + 1 < len(self.body) else part(y)
            return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))

    def residual(blocks, bottleneck, width, classes=10):
        layers = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        channels = width
        for stage, count in enumerate(blocks):
            for block in range(count):
                layers.append(Residual(channels, width << stage, 2 if stage and not block else 1, bottleneck))
                channels = (width << stage) * (4 if bottleneck else 1)
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))

    class Inverted(nn.Module):
        """Sandler et al. 2018: 1x1, depthwise 3x3, 1x1 without activation."""

        def __init__(self, inputs, outputs, stride, growth):
            super().__init__()
            wide = inputs * growth
            self.adds = stride == 1 and inputs == outputs
            self.body = nn.Sequential(
                nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
                nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
                nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            return x + self.body(x) if self.adds else self.body(x)

    class Mobile(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), Inverted(8, 8, 1, 1),
                Inverted(8, 12, 2, 6), Inverted(12, 12, 1, 6), Inverted(12, 16, 2, 6), Inverted(16, 16, 1, 6))
            self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, 10))

        def forward(self, x):
            return self.classifier(self.features(x).mean([2, 3]))

    class Dense(nn.Module):
        """Huang et al. 2016: each convolution reads all maps before it; squeezed by an average."""

        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 8, 3, padding=1)
            self.parts = nn.ModuleList(
                nn.Sequential(nn.BatchNorm2d(8 + 4 * i), nn.ReLU(), nn.Conv2d(8 + 4 * i, 4, 3, padding=1)) for i in range(4))
            self.last = nn.Linear(24 * 16, 10)

        def forward(self, x):
            x = self.first(x)
            for part in self.parts:
                x = torch.cat([x, part(x)], 1)
            x = F.adaptive_avg_pool2d(x, (4, 4))
            return F.log_softmax(self.last(x.view(x.size(0), -1)), dim=1)

    def padded_lenet():
        """LeNet with each way to pad that PyTorch has."""
        return nn.Sequential(
            nn.ZeroPad2d((1, 2, 0, 3)), nn.Conv2d(1, 6, 5, padding=1), nn.Tanh(),
            nn.AvgPool2d(3, 2, 1, ceil_mode=True),
            nn.ZeroPad2d((2, 0, 1, 0)), nn.MaxPool2d(3, 1, 1),
            nn.Conv2d(6, 16, 3, stride=(2, 1), padding=(1, 2), dilation=(1, 2)), nn.LeakyReLU(0.2),
            nn.AvgPool2d(2, 1, 1, count_include_pad=False),
            nn.ZeroPad2d((0, 1, 1, 2)), nn.Conv2d(16, 16, (4, 2)), nn.ReLU(),
            nn.MaxPool2d((3, 2), 2, ceil_mode=True), nn.AvgPool2d(2, 2, 1),
            nn.ZeroPad2d(1), nn.Conv2d(16, 8, 3, padding=2, dilation=2), nn.Sigmoid(), nn.ZeroPad2d((0, 1, 0, 1)),
            nn.Dropout2d(0.3), nn.Flatten(), nn.LazyLinear(32), nn.ELU(), nn.Dropout(), nn.Linear(32, 10), nn.Softmax(1))

    def plain_lenet():
        return nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(256, 10))

    def networks():
        """Name, network, shape of an image."""
        yield "lenet", plain_lenet(), (1, 28, 28)
        yield "lenet-padded", padded_lenet(), (1, 28, 28)
        yield "resnet18", residual([2, 2, 2, 2], False, 8), (3, 64, 64)
        yield "resnet34", residual([3, 4, 6, 3], False, 8), (3, 64, 64)
        yield "resnet50", residual([3, 4, 6, 3], True, 8), (3, 64, 64)
        yield "mobilenet", Mobile(), (3, 48, 48)
        yield "densenet", Dense(), (3, 16, 16)

    def settle(network, image):
        """Gives each BatchNorm statistics and scales of its own, so that a mistake with them shows."""
        network(image)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = 0.5
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
        for _ in range(3):
            network.train()(torch.randn_like(image.expand(4, -1, -1, -1)))
        return network.eval()

    def torch_exports():
        """The ways in which PyTorch can be told to write a network."""
        train = torch.onnx.TrainingMode
        axes = {"input": {0: "batch"}}
        yield "plain", {}
        yield "batch", {"input_names": ["input"], "dynamic_axes": axes, "opset_version": 11}
        yield "unfolded", {"do_constant_folding": False, "training": train.PRESERVE, "opset_version": 13}
        yield "inputs", {"keep_initializers_as_inputs": True, "opset_version": 9}
        if "dynamo" in inspect.signature(torch.onnx.export).parameters and has_module("onnxscript"):
            yield "dynamo", {"dynamo": True}

    def write_torch(folder):
        for name, network, shape in networks():
            torch.manual_seed(1)
            image = torch.randn(1, *shape)
            settle(network, image)
            for way, options in torch_exports():
                path = new_case(folder, "torch-" + way, name)
                torch.onnx.export(network, image, str(path), **options)
                write_data(path, image.numpy(), network(image).detach().numpy())


def has_module(name):
    return importlib.util.find_spec(name) is not None


# --- By hand, as other tools write ---


FUNCTIONS = "pkg.onnxscript.torch_lib.common"  # of PyTorch's exporter by torch.export; imported, though nothing of it is left


class Graph:
    """Nodes in their order; constants become initializers, and graph inputs where a tool wrote them so."""

    def __init__(self, rng):
        self.rng, self.nodes, self.weights, self.count = rng, [], [], 0

    def constant(self, values, name=None):
        name = name or f"const{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(values), name))
        return name

    def random(self, *shape, name=None, scale=None):
        values = self.rng.normal(0, scale or 1 / numpy.sqrt(max(numpy.prod(shape[1:]), 1)), shape).astype("float32")
        self.constant(values, name)
        return values, self.weights[-1].name

    def node(self, op, *inputs, name=None, **attributes):
        self.count += 1
        output = name or f"{op}_{self.count}_Output_0"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def write(self, path, name, shape, output, classes, opset, weights_are_inputs=False, batch="N"):
        inputs = [helper.make_tensor_value_info("Input3", TensorProto.FLOAT, [batch, *shape])]
        if weights_are_inputs:
            inputs += [helper.make_tensor_value_info(w.name, w.data_type, list(w.dims)) for w in self.weights]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, classes])]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.weights)
        if opset > onnx.defs.onnx_opset_version():  # which the checker does not know
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(FUNCTIONS, 1)],
                                      ir_version=10)
        else:
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=3 if weights_are_inputs else 7)
            onnx.checker.check_model(model)
        onnx.save(model, path)


def tensor(values):
    return torch.from_numpy(numpy.ascontiguousarray(values))


def same(size, kernel, stride):
    """(before, after): what SAME_UPPER adds."""
    both = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return both // 2, both - both // 2


def conv_same(x, weight, stride=1, groups=1):
    """TensorFlow's padding SAME; x is (n, C, H, W)."""
    top, bottom = same(x.shape[2], weight.shape[2], stride)
    left, right = same(x.shape[3], weight.shape[3], stride)
    return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, stride=stride, groups=groups)


def cntk_mnist(path, rng):
    """The ONNX zoo's mnist-8 of 2018: biases by Plus, weights reshaped in the graph and given as its inputs."""
    g = Graph(rng)
    w1, a = g.random(8, 1, 5, 5, name="Parameter5")
    b1, b = g.random(8, 1, 1, name="Parameter6")
    w2, c = g.random(16, 8, 5, 5, name="Parameter87")
    b2, d = g.random(16, 1, 1, name="Parameter88")
    w3, e = g.random(16, 4, 4, 10, name="Parameter193", scale=0.1)
    b3, f = g.random(1, 10, name="Parameter194")
    attributes = {"auto_pad": "SAME_UPPER", "dilations": [1, 1], "group": 1, "kernel_shape": [5, 5], "strides": [1, 1]}
    pooling = {"auto_pad": "NOTSET", "pads": [0, 0, 0, 0]}
    flat = g.node("Reshape", e, g.constant(numpy.array([256, 10]), "Parameter193_reshape1_shape"), name="Parameter193_reshape1")
    x = g.node("Conv", "Input3", a, name="Convolution28_Output_0", **attributes)
    x = g.node("Relu", g.node("Add", x, b, name="Plus30_Output_0"), name="ReLU32_Output_0")
    x = g.node("MaxPool", x, name="Pooling66_Output_0", kernel_shape=[2, 2], strides=[2, 2], **pooling)
    x = g.node("Conv", x, c, name="Convolution110_Output_0", **attributes)
    x = g.node("Relu", g.node("Add", x, d, name="Plus112_Output_0"), name="ReLU114_Output_0")
    x = g.node("MaxPool", x, name="Pooling160_Output_0", kernel_shape=[3, 3], strides=[3, 3], **pooling)
    x = g.node("Reshape", x, g.constant(numpy.array([1, 256]), "Pooling160_Output_0_reshape0_shape"), name="Pooling160_reshape0")
    x = g.node("Add", g.node("MatMul", x, flat, name="Times212_Output_0"), f, name="Plus214_Output_0")
    g.write(path, "CNTKGraph", (1, 28, 28), x, 10, 8, weights_are_inputs=True, batch=1)
    image = rng.normal(size=(1, 1, 28, 28)).astype("float32")
    y = F.max_pool2d(F.relu(conv_same(tensor(image), tensor(w1)) + tensor(b1)), 2)
    y = F.max_pool2d(F.relu(conv_same(y, tensor(w2)) + tensor(b2)), 3)
    return image, y.reshape(1, 256) @ tensor(w3).reshape(256, 10) + tensor(b3)


def cntk_first(path, rng):
    """The same year's opset 6: extents are aligned by attributes, and weights are transposed in the graph."""
    g = Graph(rng)
    w1, a = g.random(4, 1, 3, 3)
    b1, b = g.random(4)
    w2, c = g.random(10, 144)
    b2, d = g.random(10)
    x = g.node("Conv", "Input3", a, kernel_shape=[3, 3], pads=[0, 0, 0, 0], strides=[2, 2])
    x = g.node("Add", x, b, axis=1, broadcast=1)
    x = g.node("Flatten", g.node("Tanh", x), axis=1)
    x = g.node("MatMul", x, g.node("Transpose", c, perm=[1, 0]))
    x = g.node("Softmax", g.node("Add", x, d, axis=1, broadcast=1), axis=1)
    g.write(path, "CNTKGraph", (1, 13, 13), x, 10, 6, weights_are_inputs=True, batch=1)
    image = rng.normal(size=(1, 1, 13, 13)).astype("float32")
    y = torch.tanh(F.conv2d(tensor(image), tensor(w1), tensor(b1), 2)).flatten(1)
    return image, torch.softmax(y @ tensor(w2).T + tensor(b2), 1)


def tf2onnx(path, rng):
    """An NHWC image turned to NCHW, biases by Add, windows of SAME as pads, and turned back to be flattened."""
    g = Graph(rng)
    w1, a = g.random(8, 3, 3, 3, name="model/conv2d/Conv2D/ReadVariableOp:0")
    b1, b = g.random(8, 1, 1)
    w2, c = g.random(16, 8, 4, 4)
    w3, d = g.random(8 * 8 * 16, 10, scale=0.05)
    b3, e = g.random(10)
    x = g.node("Transpose", "Input3", perm=[0, 3, 1, 2], name="model/conv2d/Conv2D__6:0")
    x = g.node("Conv", x, a, kernel_shape=[3, 3], pads=[0, 0, 1, 1], strides=[2, 2], dilations=[1, 1], group=1)
    x = g.node("Relu", g.node("Add", x, b, name="model/conv2d/BiasAdd:0"), name="model/conv2d/Relu:0")
    x = g.node("Conv", x, c, kernel_shape=[4, 4], auto_pad="SAME_UPPER", strides=[1, 1])
    x = g.node("MaxPool", g.node("Relu", x), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    x = g.node("Transpose", x, perm=[0, 2, 3, 1])
    x = g.node("Reshape", x, g.constant(numpy.array([-1, 8 * 8 * 16])), name="model/flatten/Reshape:0")
    x = g.node("Softmax", g.node("Add", g.node("MatMul", x, d), e), axis=-1, name="Identity:0")
    g.write(path, "tf2onnx", (32, 32, 3), x, 10, 13, batch="unk__17")
    image = rng.normal(size=(2, 32, 32, 3)).astype("float32")
    y = F.relu(conv_same(tensor(image.transpose(0, 3, 1, 2)), tensor(w1), 2) + tensor(b1))
    y = F.relu(conv_same(y, tensor(w2)))
    y = F.max_pool2d(F.pad(y, (0, 1, 0, 1)), 3, 2)
    y = y.permute(0, 2, 3, 1).reshape(2, -1) @ tensor(w3) + tensor(b3)
    return image, torch.softmax(y, 1)


def keras(path, rng):
    """Separable convolutions with BatchNormalization, Pad of a ZeroPadding2D, Clip with bounds as inputs, the mean of each map
    by ReduceMean, a residual sum, and a Dropout of inference; the batch's extent is computed."""
    g = Graph(rng)
    w1, a = g.random(8, 1, 3, 3)
    w2, b = g.random(8, 1, 3, 3)
    w3, c = g.random(8, 8, 1, 1)
    w4, d = g.random(8, 10)
    b4, e = g.random(1, 10)
    zero, six = g.constant(numpy.float32(0)), g.constant(numpy.float32(6))
    statistics = [rng.uniform(0.5, 1.5, 8).astype("float32") for _ in range(4)]
    names = [g.constant(s) for s in statistics]
    x = g.node("Pad", g.node("Transpose", "Input3", perm=[0, 3, 1, 2]), g.constant(numpy.array([0, 0, 0, 0, 0, 0, 1, 1])))
    x = g.node("Clip", g.node("Conv", x, a, strides=[2, 2]), zero, six)
    y = g.node("Conv", x, b, group=8, pads=[1, 1, 1, 1])
    y = g.node("BatchNormalization", y, *names, epsilon=0.001, momentum=0.99)
    y = g.node("Conv", g.node("Clip", y, zero, six), c)
    x = g.node("Transpose", g.node("Add", x, y), perm=[0, 2, 3, 1])
    x = g.node("ReduceMean", x, axes=[1, 2], keepdims=0)
    shape = g.node("Shape", x)
    first = g.node("Slice", shape, g.constant(numpy.array([0])), g.constant(numpy.array([1])), g.constant(numpy.array([0])))
    shape = g.node("Concat", first, g.constant(numpy.array([8])), axis=0)
    x = g.node("Reshape", x, shape)
    x = g.node("Softmax", g.node("Add", g.node("MatMul", x, d), e), axis=1)
    g.write(path, "keras", (24, 24, 1), x, 10, 11)
    image = rng.normal(size=(3, 24, 24, 1)).astype("float32")
    x = F.relu6(F.conv2d(F.pad(tensor(image.transpose(0, 3, 1, 2)), (0, 1, 0, 1)), tensor(w1), stride=2))
    weight, bias, mean, variance = map(tensor, statistics)
    y = F.batch_norm(F.conv2d(x, tensor(w2), padding=1, groups=8), mean, variance, weight, bias, eps=0.001)
    y = (x + F.conv2d(F.relu6(y), tensor(w3))).mean((2, 3))
    return image, torch.softmax(y @ tensor(w4) + tensor(b4), 1)


def dynamo(path, rng):
    """PyTorch's exporter by torch.export (torch.onnx.export with dynamo=True), of 2.6: opset 18, in which axes are inputs, every
    attribute written out, the batch's extent computed for Reshape, a mean over maps instead of a pooling, ReLU6 by its bounds."""
    g = Graph(rng)
    (w1, a), (w2, b), (w3, c), (w4, d) = g.random(8, 3, 3, 3), g.random(8, 1, 3, 3), g.random(12, 8, 1, 1), g.random(10, 48)
    (b1, e), (b3, f), (b4, h) = g.random(8), g.random(12), g.random(10)
    statistics = [rng.uniform(0.5, 1.5, 8).astype("float32") for _ in range(4)]
    names = [g.constant(s, f"bn.{k}") for k, s in enumerate(statistics)]
    conv = lambda x, w, *bias, **more: g.node("Conv", x, w, *bias, **({"auto_pad": "NOTSET", "dilations": [1, 1], "group": 1,
                                                                       "pads": [1, 1, 1, 1], "strides": [1, 1]} | more))
    pooling = {"auto_pad": "NOTSET", "ceil_mode": 0, "pads": [0, 0, 0, 0], "kernel_shape": [2, 2], "strides": [2, 2]}
    x = conv("Input3", a, e)
    x = g.node("LeakyRelu", x, alpha=0.1)
    x = g.node("MaxPool", x, storage_order=0, dilations=[1, 1], **pooling)
    y = conv(x, b, group=8)
    y = g.node("BatchNormalization", y, *names, epsilon=1e-5, momentum=0.9, training_mode=0)
    y = g.node("Clip", y, g.constant(numpy.float32(0)), g.constant(numpy.float32(6)))
    x = g.node("Add", x, y)
    x = g.node("Relu", conv(x, c, f, pads=[0, 0, 0, 0]))
    x = g.node("AveragePool", x, count_include_pad=1, **pooling)
    size = g.node("Shape", x, start=0, end=1)
    minus = g.constant(numpy.array([-1]))
    shape = g.node("Concat", g.node("Reshape", size, minus, allowzero=0), g.constant(numpy.array([48])), axis=0)
    flat = g.node("Reshape", x, shape, allowzero=1)
    mean = g.node("ReduceMean", x, g.constant(numpy.array([-1, -2])), keepdims=1, noop_with_empty_axes=0)
    mean = g.node("Reshape", mean, g.constant(numpy.array([-1, 12])), allowzero=1)
    first = g.node("Gemm", flat, d, h, alpha=1.0, beta=1.0, transA=0, transB=1)
    w5, i = g.random(12, 10)
    second = g.node("MatMul", mean, i)
    x = g.node("LogSoftmax", g.node("Add", first, second), axis=1)
    g.write(path, "main_graph", (3, 8, 8), x, 10, 18, batch="s0")
    image = rng.normal(size=(3, 3, 8, 8)).astype("float32")
    x = F.max_pool2d(F.leaky_relu(F.conv2d(tensor(image), tensor(w1), tensor(b1), padding=1), 0.1), 2)
    weight, bias, average, variance = map(tensor, statistics)
    y = F.relu6(F.batch_norm(F.conv2d(x, tensor(w2), padding=1, groups=8), average, variance, weight, bias))
    x = F.avg_pool2d(F.relu(F.conv2d(x + y, tensor(w3), tensor(b3))), 2)
    return image, F.log_softmax(F.linear(x.flatten(1), tensor(w4), tensor(b4)) + x.mean((2, 3)) @ tensor(w5), 1)


BY_HAND = {"cntk/mnist": cntk_mnist, "cntk/first": cntk_first, "tensorflow/tf2onnx": tf2onnx, "tensorflow/keras": keras, "torch/dynamo": dynamo}


# --- Writing and checking ---


def new_case(folder, tool, name):
    case = folder / tool / name
    (case / "test_data_set_0").mkdir(parents=True)
    return case / "model.onnx"


def write_data(path, image, answer):
    for name, values in (("input", image), ("output", answer)):
        data = numpy_helper.from_array(numpy.ascontiguousarray(values), "" if name == "output" else image_name(path))
        (path.parent / "test_data_set_0" / f"{name}_0.pb").write_bytes(data.SerializeToString())


def image_name(path):
    graph = onnx.load(path, load_external_data=False).graph
    weights = {w.name for w in graph.initializer}
    return next(i.name for i in graph.input if i.name not in weights)


def write(folder):
    write_torch(folder)
    for name, build in BY_HAND.items():
        path = new_case(folder, *name.split("/"))
        image, answer = build(path, numpy.random.default_rng(1))
        write_data(path, image, answer.numpy())


def command(*arguments):
    run = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        raise ValueError((run.stdout + run.stderr).strip())
    return run.stdout


def check_case(commands, path, folder):
    """The largest difference from the answers that came with the model, as cnn-import prints it."""
    importer, exporter = commands / "cnn-import", commands / "cnn-export"
    said = command(importer, path, "--check", path.parent / "test_data_set_0", "--out", folder / "0.yaml")
    rounds = 1
    # cnn-export folds a batch_norm into the layer before it; that network is the one that comes back.
    if "batch_norm" in (folder / "0.yaml").read_text():
        rounds = 2
    for k in range(rounds):
        command(exporter, "--model", folder / f"{k}.safetensors", "--out", folder / f"{k}.onnx")
        command(importer, folder / f"{k}.onnx", "--out", folder / f"{k + 1}.yaml")
    for suffix in ("yaml", "safetensors"):
        if (folder / f"{rounds - 1}.{suffix}").read_bytes() != (folder / f"{rounds}.{suffix}").read_bytes():
            raise ValueError(f"exported and imported again, the {suffix} file is another one")
    return said.strip().split("\n")[-1].split(": ", 1)[-1]


def check(commands, folder):
    wrong = count = 0
    for path in sorted(folder.glob("*/*/model.onnx")):
        name, count = f"{path.parent.parent.name}/{path.parent.name}", count + 1
        with tempfile.TemporaryDirectory() as work:
            try:
                print(f"{name}: {check_case(commands, path, Path(work))}")
            except ValueError as error:
                wrong += 1
                print(f"{name}: WRONG: {error}")
    print(f"{count - wrong} of {count} networks agree and come back as they went")
    return 1 if wrong or not count else 0


def main(task, *arguments):
    if task == "check":
        return check(Path(arguments[0]), Path(arguments[1]))
    if torch is None:
        print(f"{missing} is not installed")
        return 77
    if task == "write":
        return write(Path(arguments[0]))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return check(Path(arguments[0]), Path(folder))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
