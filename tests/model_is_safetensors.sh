#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A model file is plain safetensors: read here by lines that know the container and the checksum's definition and nothing else.
set -eu
command -v python3 >/dev/null || { echo "python3 is not installed: skipped"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
./tests/make_model "$folder/model.safetensors"
python3 - "$folder/model.safetensors" <<'PYTHON'
import json, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
length, = struct.unpack("<Q", data[:8])
assert (8 + length) % 64 == 0 and length <= 100_000_000
header = json.loads(data[8:8 + length].decode("utf-8"))
metadata = header.pop("__metadata__")
assert list(metadata) == ["colonnade", "colonnade_checksum"]
document = json.loads(metadata["colonnade"])
n, expected = document["architecture"]["n"], {}
for l in range(1, len(n)):
    expected[f"layers.{l - 1}.weight"] = [n[l], n[l - 1]]
    expected[f"layers.{l - 1}.bias"] = [n[l]]
assert {name: tensor["shape"] for name, tensor in header.items()} == expected, header
assert sum(column["features"] for column in document["columns"]) == n[0]
end = 0
for tensor in header.values():
    size = 4
    for side in tensor["shape"]:
        size *= side
    assert tensor["dtype"] == "F32" and tensor["data_offsets"] == [end, end + size]
    end += size
assert end == len(data) - 8 - length
assert struct.unpack_from("<f", data, len(data) - 4)[0] == -0.5  # the last bias of the fixture
at = data.index(b'"colonnade_checksum":"') + len(b'"colonnade_checksum":"')
data[at:at + 16] = b"0" * 16
crc = 0xFFFFFFFFFFFFFFFF
for byte in data:  # bit by bit; the reflection of 0x42F0E1EBA9EA3693 is 0xC96C5795D7870F42
    crc ^= byte
    for _ in range(8):
        crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
assert f"{crc ^ 0xFFFFFFFFFFFFFFFF:016x}" == metadata["colonnade_checksum"]
PYTHON
