#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that schemas/recipe.schema.json is a valid draft 2020-12 schema and that the host's own walker
gives the same verdicts as the jsonschema package, on good recipes and on every single mutation of one.
(One difference is meant: the host takes no integer beyond 2^53 that is written as a real, such as 1e30.)

Usage: schema_agreement.py RECIPE_SCHEMA RECIPE_VERDICT
"""

import copy
import json
import subprocess
import sys

import jsonschema

RECIPE = {
    "$schema": "../schemas/recipe.schema.json", "format": 2, "name": "full", "seed": 3, "threads": 2,
    "data": {
        "qa": {
            "shards": {"train": ["a.tar"], "val": ["b.tar"], "test": ["c.tar"]},
            "explode": "/questions",
            "filter": {"/level": ["easy", 2, True]},
            "tokenizer": {"type": "bpe", "vocab_size": 64, "special": ["[MASK]"], "from": ["/question", "txt"]},
            "fields": {
                "image": {"kind": "image", "member": "png", "size": [8, 8], "channels": 3, "mean": [0.1, 0.2, 0.3],
                          "std": 0.5, "translate": 1, "rotate": 5.5, "zoom": 0.1, "swap_within": "/label"},
                "speech": {"kind": "log_mel", "member": "wav", "preset": "torchaudio", "normalize": "none", "rate": 8000, "fft": 256, "window": 200, "hop": 80,
                           "mels": 32, "low_hz": 20, "high_hz": 4000, "frames": 64, "mean": -4, "std": 4, "time_shift": 2,
                           "time_mask": 4, "time_masks": 2, "time_mask_part": 0.5, "mel_mask": 3, "mel_masks": 2, "noise": 0.01,
                           "swap_within": {"key": "/written", "other_key": "/spoken"}},
                "question": {"kind": "text", "pointer": "/question", "max_length": 12, "bos": True, "eos": False},
                "answer": {"kind": "class", "member": "cls", "classes": ["yes", "no"]},
                "clip": {"kind": "video", "member": "mp4", "size": [8, 8], "frames": 4, "fps": 2, "swap_within": "/label"},
                "age": {"kind": "number", "pointer": ["/a", "/b"], "size": 2, "mean": [1, 2], "std": 3, "optional": True},
                "points": {"kind": "array", "member": "npy", "shape": [3], "max_length": 9, "dtype": "float", "mean": 1, "std": 2,
                           "swap_within": "/label"},
                "things": {"kind": "boxes", "pointer": "/boxes", "max_boxes": 3, "format": "xyxy", "box_key": "b", "label_key": "l",
                           "classes": {"from": 1, "to": 3}, "image": "image"},
                "captions": {"kind": "texts", "pointer": "/captions", "max_texts": 5, "max_bytes": 90, "text_key": "t"},
                "same": {"kind": "group", "pointer": "/question"},
            },
            "order": "sequence",
        }
    },
    "graph": {
        "vision": {"use": "encoder.vit", "in": {"image": "batch.image"}, "config": {"dim": 8}},
        "joint": {"use": "fusion.concat", "in": {"streams": ["vision.tokens", "batch.question"]}},
    },
    "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "joint.logits"}}},
    "metrics": {"accuracy": {"use": "metric.accuracy"}},
    "stages": [
        {"name": "one", "data": "qa", "from": "zero", "steps": 10, "batch_size": 4, "grad_accumulation": 2,
         "losses": {"ce": 0.5}, "train": ["*"], "freeze": ["vision.*"],
         "optimizer": {"lr": 0.001, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1},
         "schedule": {"warmup": 2, "min_ratio": 0.1}, "clip_norm": 1, "log_every": 1, "save_every": 5, "eval_every": 5,
         "metrics": ["accuracy"],
         "keep_best": {"metric": "accuracy", "mode": "max", "patience": 2, "min_delta": 0.1},
         "on_divergence": {"do": "rollback", "times": 2, "lr_mult": 0.5}},
        {"name": "two", "data": "qa", "steps": 10, "batch_size": 4,
         "losses": {"ce": {"from": 1, "to": 0, "over": [2, 8], "shape": "cosine"}},
         "train": {"*": {}, "vision": {"lr_mult": 0.1, "layer_decay": 0.75, "from_step": 3, "weight_decay": False}},
         "optimizer": {"use": "muon", "lr": 0.02, "momentum": 0.9, "nesterov": True, "iterations": 5,
                       "weight_decay": 0.1, "adamw": {"lr": 0.001, "match": ["joint"]}},
         "schedule": {"shape": "wsd", "warmup": 2, "decay": 3, "min_ratio": 0.1}, "on_divergence": "skip"},
        {"name": "three", "data": "qa", "steps": 10, "batch_size": 4, "losses": ["ce"],
         "optimizer": {"use": "lion", "lr": 0.02, "beta1": 0.9, "beta2": 0.9, "weight_decay": 0.1},
         "modulate": {"scale": "joint.scale", "groups": ["vision"], "noise": True}, "precision": "fp16", "recompute": ["vision"],
         "loss_scale": {"initial": 1024, "growth_interval": 100}, "select": {"by": "ce", "draw": 2, "keep": "lowest"},
         "curriculum": {"easy_first": "/level", "competence": {"from": 0.1, "steps": 5}},
         "schedule": {"shape": "inverse_sqrt", "warmup": 2}, "on_divergence": {"do": "skip", "times": 2}},
        {"name": "four", "data": "qa", "steps": 10, "batch_size": 4, "losses": ["ce"],
         "optimizer": {"use": "sgd", "lr": 0.02, "momentum": 0.9, "nesterov": False, "weight_decay": 0},
         "schedule": {"shape": "constant", "warmup": 2}, "on_divergence": {"do": "stop"}},
    ],
    "evaluate": {"data": "qa", "split": "val", "batch_size": 8, "metrics": ["accuracy"], "group_by": "/level",
                 "generate": {"node": "joint", "max_length": 5}},
}

MINIMAL = {
    "format": 2, "name": "minimal",
    "data": {"d": {"shards": {"train": ["a.tar"]},
                   "fields": {"x": {"kind": "class", "pointer": "/x", "classes": ["a"]}}}},
    "graph": {"g": {"use": "encoder.x"}},
    "losses": {"l": {"use": "loss.x"}},
    "stages": [{"name": "s", "data": "d", "steps": 1, "batch_size": 1, "losses": {"l": 1}, "optimizer": {"lr": 1}}],
}

REPLACEMENTS = [None, True, -1, 0, 1.0, 0.25, 1.5, 7, "", "x", "/x", [], [1], ["a"], {}, {"kind": "text"}, {"a": 1}]


def change(recipe, path, action):
    changed = copy.deepcopy(recipe)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    action(parent, path[-1])
    return changed


def places(value, path=()):
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield from places(item, path + (key,))


def mutations(recipe):
    for path, value in places(recipe):
        where = "/" + "/".join(map(str, path))
        for new in REPLACEMENTS:
            yield f"{where} = {json.dumps(new)}", change(recipe, path, lambda p, k: p.__setitem__(k, new))
        yield f"{where} removed", change(recipe, path, lambda p, k: p.pop(k))
        if isinstance(value, dict):
            yield f"{where} with an unknown key", change(recipe, path, lambda p, k: p[k].update(unknown_key=1))
    yield "unknown key at the top", {**recipe, "unknown_key": 1}


def main():
    schema_path, verdict = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    reference = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker(formats=["json-pointer"]))

    cases = [("full", RECIPE), ("minimal", MINIMAL), *mutations(RECIPE)]
    text = "".join(json.dumps(recipe) + "\n" for _, recipe in cases)
    answers = subprocess.run([verdict], input=text, capture_output=True, text=True, check=True).stdout.splitlines()

    passed = failed = good = 0
    for (name, recipe), answer in zip(cases, answers, strict=True):
        expected = reference.is_valid(recipe)
        must_be_good = name in ("full", "minimal")
        good += expected
        if expected == (answer == "good") and (expected or not must_be_good):
            passed += 1
        else:
            failed += 1
            print(f"{name}: the schema says {'good' if expected else 'bad'}, the host says {answer}")

    # What only editors see: variables, and recipes that extend others.
    editor_cases = [
        ("a variable for a number", change(RECIPE, ("stages", 0, "steps"), lambda p, k: p.__setitem__(k, "$n")), True),
        ("a word for a number", change(RECIPE, ("stages", 0, "steps"), lambda p, k: p.__setitem__(k, "n")), False),
        ("let", {**RECIPE, "let": {"n": 3, "list": [1]}}, True),
        ("let with an object", {**RECIPE, "let": {"n": {}}}, True),
        ("let with null", {**RECIPE, "let": {"n": None}}, False),
        ("a section that extends another", change(RECIPE, ("data", "more"), lambda p, k: p.__setitem__(k, {"extends": "qa"})), True),
        ("an override of a sibling without one", change(RECIPE, ("data", "more"), lambda p, k: p.__setitem__(k, {})), False),
        ("defaults", {**RECIPE, "defaults": {"config": {"dim": 3}, "stage": {"batch_size": 3}}}, True),
        ("defaults of something else", {**RECIPE, "defaults": {"stages": {}}}, False),
        ("a child", {"extends": "a.json", "stages": [{"name": "x"}], "evaluate": None}, True),
        ("a child with an unknown key", {"extends": "a.json", "stagez": []}, False),
    ]
    for name, recipe, expected in editor_cases:
        if reference.is_valid(recipe) == expected:
            passed += 1
        else:
            failed += 1
            print(f"{name}: the schema should say {'good' if expected else 'bad'}")

    print(f"{len(cases)} recipes, {good} of them good")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or good < 20 or good > len(cases) - 20 else 0


if __name__ == "__main__":
    sys.exit(main())
