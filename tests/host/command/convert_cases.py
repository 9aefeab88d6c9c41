"""What the tests of `weft convert` share: safetensors files, and models as Hugging Face's transformers saves them."""
import json
import struct

from cases import ROOT, Case, read_tensors, weft


def write_tensors(path, tensors, metadata=None):
    header, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, (dtype, shape, data) in sorted(tensors.items()):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


class Models(Case):
    def model(self, name, folder=None):
        """A folder with the reference's model NAME."""
        tensors, metadata = read_tensors(ROOT / f"tests/reference/community_{name}.safetensors")
        folder = self.folder / (folder or name)
        folder.mkdir()
        (folder / "config.json").write_text(metadata["config"])
        write_tensors(folder / "model.safetensors", {key[2:]: one for key, one in tensors.items() if key.startswith("w.")},
                      {"format": "pt"})
        return folder

    def done(self, *arguments):
        result = weft(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def converted(self, source, *more):
        out = self.folder / (source.name + "-weft")
        self.done("convert", source, "--out", out, *more)
        return out

    def back(self, source):
        """The tensors that `--to hf` gives."""
        out = self.folder / (source.name + "-hf")
        self.done("convert", source, "--to", "hf", "--out", out)
        self.assertEqual(read_tensors(out / "model.safetensors")[1], {"format": "pt"})
        return read_tensors(out / "model.safetensors")[0]
