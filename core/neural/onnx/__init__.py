"""Networks as ONNX models, written by hand: neither the onnx package nor protobuf is needed."""
