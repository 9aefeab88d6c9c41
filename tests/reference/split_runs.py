# SPDX-License-Identifier: Apache-2.0
"""Makes split_runs.json: how Hugging Face's tokenizers 0.23.3 divide long runs of one unit by the expressions of
well-known models (pip install tokenizers; python tests/reference/split_runs.py).

Of every text `x` + unit repeated to 40,000 characters + `y` the lengths of the parts in bytes are kept, equal ones in a
row as [length, how many].
"""
import itertools
import json
import pathlib

from tokenizers import Regex, pre_tokenizers

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
EXPRESSIONS = {
    "gpt2": [r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"],
    "llama3": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "qwen2": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "o200k": [rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
              r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "deepseek3": [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                  r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
                  r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
}
UNITS = [" ", "\n", "\t", " \n", "\r\n", "\n ", "\u00a0", "\u3000", "a", "A", "aA", "é", "日", "の", "\u0301", "7", "٣",
         "!", "/", "'s", "! ", "🙂", "\x00", "a ", "7 "]


def main():
    rows = []
    for name, expressions in EXPRESSIONS.items():
        splits = [pre_tokenizers.Split(Regex(e), "isolated") for e in expressions]
        splitter = pre_tokenizers.Sequence(splits)
        for unit in UNITS:
            text = "x" + unit * (40000 // len(unit)) + "y"
            lengths = [len(part.encode()) for part, _ in splitter.pre_tokenize_str(text)]
            runs = [[length, len(list(same))] for length, same in itertools.groupby(lengths)]
            rows.append({"model": name, "unit": unit, "parts": runs})
    out = pathlib.Path(__file__).with_suffix(".json")
    lines = ",\n".join(json.dumps(row) for row in rows)
    out.write_text(f'{{"expressions": {json.dumps(EXPRESSIONS)},\n"rows": [\n{lines}\n]}}\n')


main()
