"""Networks: the only room that imports mindspore or onnxruntime, and only when a network runs."""
