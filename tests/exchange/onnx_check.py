"""The ONNX checker (python3-onnx) on every model of a folder, with types and shapes inferred: onnx_check.py FOLDER COUNT"""
import sys
import onnx

bad = 0
for k in range(int(sys.argv[2])):
    model = onnx.load(f"{sys.argv[1]}/{k}.onnx")
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        # written in the one order of protobuf: other libraries give the same bytes back
        assert model.SerializeToString() == open(f"{sys.argv[1]}/{k}.onnx", "rb").read(), "not canonical"
    except Exception as error:  # noqa: BLE001 - whatever the checker finds
        bad += 1
        print(f"  model {k}: {error}")
print(f"the ONNX checker accepts: {sys.argv[2]} done, {bad} bad")
sys.exit(bad != 0)
