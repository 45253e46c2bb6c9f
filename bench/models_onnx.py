"""ONNX Runtime and OpenVINO as contenders: python bench/models_onnx.py onnxruntime|openvino.
`export` writes the ONNX files that they and onnxruntime-node read."""
import os
import sys

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
        torch.onnx.export(model, (x,), path_of(name) + ".tmp", input_names=["x"],
                          output_names=["vector"], opset_version=17, dynamo=False,
                          dynamic_axes={"x": {0: "n"}, "vector": {0: "n"}})
        os.replace(path_of(name) + ".tmp", path_of(name))


def known(name, batch):
    _, x, features = networks.load(name)
    return networks.batch_of(x, batch).numpy(), features


def onnxruntime(name, precision, batch):
    import onnxruntime as ort

    if precision != "f32":
        raise ValueError("no bf16 kernels for this processor")
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(path_of(name), options, providers=["CPUExecutionProvider"])
    x, features = known(name, batch)
    call = lambda: session.run(None, {"x": x})[0]  # noqa: E731
    return call, networks.least_cosine(call()[0], features), "all optimisations"


def openvino(name, precision, batch):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(path_of(name))
    x, features = known(name, batch)
    model.reshape({"x": list(x.shape)})
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": THREADS,
        "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(x))

    def call():
        request.infer()
        return request.get_output_tensor().data

    return call, networks.least_cosine(call()[0], features), "latency hint"


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export()
    else:
        contender.serve({"onnxruntime": onnxruntime, "openvino": openvino}[sys.argv[1]])
