# SPDX-License-Identifier: Apache-2.0
"""Writes the cases of tests/data/metrics from what the reference tools gave.

    python3 tests/reference/metric_cases.py FOLDER INSTANCES OUT

FOLDER    captions.json, text_pairs.json, squad.json, wer.json, classification.json, detection.json and vqa.json, with the
          inputs and the values that pycocoevalcap 1.2, sacrebleu 2.6.0, rouge-score 0.1.2, NLTK 3.10.4, jiwer 4.0.0,
          scikit-learn 1.9.1, pycocotools 2.0.11 and the official rules of SQuAD and VQA gave
INSTANCES the COCO annotations of the pictures of detection.json
"""

import json
import os
import sys

FOLDER, INSTANCES, OUT = sys.argv[1:]


def read(name):
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 12) if isinstance(value, float) else value


def write(name, head, cases):
    """One case a line."""
    with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as file:
        text = json.dumps(rounded(head), ensure_ascii=False)
        lines = ",\n".join(json.dumps(rounded(case), ensure_ascii=False) for case in cases)
        file.write(text[:-1] + ', "cases": [\n' + lines + "\n]}\n")


captions = read("captions")
write("captions", {"tools": captions["tools"], "corpus": captions["corpus"]}, [
    {"candidate": case["candidate"], "references": case["references"], "candidate_tokens": case["candidate_tokens"],
     "reference_tokens": case["reference_tokens"], "meteor": case["scores"]["meteor_nltk_stem_only"],
     "rouge_l": case["scores"]["rouge_l"]} for case in captions["cases"]])

pairs = read("text_pairs")
write("text_pairs", {"tools": pairs["tools"], "corpus": pairs["corpus"]}, [
    {**{key: case[key] for key in ("candidate", "reference", "second_reference")},
     "scores": {key: value["f"] if isinstance(value, dict) else value
                for key, value in case["scores"].items() if key != "ter"}} for case in pairs["cases"]])

for name in ("squad", "wer"):
    data = read(name)
    write(name, {"tools": data["tools"], "corpus": data["corpus"]},
          [{key: value for key, value in case.items() if key != "id"} for case in data["cases"]])

vqa, questions = read("vqa"), {}
for case in vqa["cases"]:
    questions.setdefault(case["question_id"], {"answers": case["answers"], "predictions": {}})
    questions[case["question_id"]]["predictions"][case["prediction"]] = case["accuracy"]
write("vqa", {"tools": vqa["tools"], "corpus": vqa["corpus"]}, questions.values())

classes = read("classification")
write("classification", {key: classes[key] for key in ("tools", "labels", "logits", "scores", "retrieval")}, [])

detection = read("detection")
with open(INSTANCES, encoding="utf-8") as file:
    truth = json.load(file)
pictures = {image["id"]: {"objects": [], "results": []} for image in sorted(truth["images"], key=lambda one: one["id"])}
for one in truth["annotations"]:
    pictures[one["image_id"]]["objects"].append([one["category_id"], *one["bbox"], one["area"], one["iscrowd"]])
for one in detection["bbox_results"]:
    pictures[one["image_id"]]["results"].append([one["category_id"], *one["bbox"], one["score"]])
write("detection", {"tools": detection["tools"], "scores": detection["scores"]["bbox"]}, pictures.values())
