"""ONNX Runtime and OpenVINO as contenders: python bench/models_onnx.py onnxruntime|openvino.
`export` writes the ONNX files that they and onnxruntime-node read."""
import os
import sys

import numpy as np

import contender
import networks

THREADS = int(os.environ.get("BENCH_THREADS", os.cpu_count()))
FOLDER = os.path.join(networks.ROOT, "build", "bench")


def path_of(name):
    return os.path.join(FOLDER, name + ".onnx")


def export():
    import torch

    os.makedirs(FOLDER, exist_ok=True)
    for name in networks.GOLDEN:
        if os.path.exists(path_of(name)):
            continue
        model, x, _ = networks.load(name)
        torch.onnx.export(model, (x,), path_of(name), input_names=["image"],
                          output_names=["vector"], opset_version=17, dynamo=False,
                          dynamic_axes={"image": {0: "n"}, "vector": {0: "n"}})


def known(name, batch):
    _, x, features = networks.load(name)
    return np.repeat(x.numpy(), batch, 0), features


def onnxruntime(name, precision, batch):
    import onnxruntime as ort

    if precision != "f32":
        raise ValueError("no bf16 kernels for this processor")
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(path_of(name), options, providers=["CPUExecutionProvider"])
    x, features = known(name, batch)
    call = lambda: session.run(None, {"image": x})[0]  # noqa: E731
    return call, networks.cosine(call()[0], features), "all optimisations"


def openvino(name, precision, batch):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(path_of(name))
    model.reshape({"image": [batch, 3, 224, 224]})
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": THREADS,
        "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    x, features = known(name, batch)
    request.set_input_tensor(ov.Tensor(x))

    def call():
        request.infer()
        return request.get_output_tensor().data

    return call, networks.cosine(call()[0], features), "latency hint"


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export()
    else:
        contender.serve({"onnxruntime": onnxruntime, "openvino": openvino}[sys.argv[1]])
