# SPDX-License-Identifier: Apache-2.0
"""Reference values for metric.meteor with synonyms, from NLTK, and the part of WordNet that they need.

    python3 tests/reference/meteor_wordnet.py FOLDER          (nltk 3.10)

FOLDER holds WordNet 3.0's dictionary files, such as /usr/share/wordnet of Debian's wordnet-base. Writes
tests/data/metrics/wordnet: the entries of the words in the cases, with the licence that stands before them; and
meteor_wordnet.json. NLTK reads the whole dictionary and the part, and gives the same values.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import nltk
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score

DATA = Path(__file__).resolve().parents[1] / "data/metrics"
PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
OWN = [  # candidate, references; what each is for
    ["the automobile is large", ["the car is big"]],  # two synonyms of one sample
    ["geese ran quickly", ["a goose was running rapidly"]],  # exceptions of nouns, an adverb
    ["the men bought biggest boxes", ["the man purchased large boxes"]],  # -men, an irregular verb, -est
    ["sofa couch lounge", ["couch lounge sofa couch"]],  # several fit: the last one that is free
    ["he resides in london", ["he lives in london"]],  # "London" of the dictionary has a capital
    ["an ice cream", ["a frozen dessert"]],  # words of several parts do not count
    ["wolves and churches", ["wolf and church"]],
    ["afraid of heights", ["frightened at height"]],  # "afraid(p)"
    ["qwerty zxcv", ["asdf uiop"]],  # in no dictionary
]


class Reader(WordNetCorpusReader):
    def map_wn(self, version="wordnet"):
        """Numbers of other versions, of which nothing is read here."""


def reader(folder):
    """NLTK wants two files that Debian leaves out; neither is used here."""
    whole = Path(tempfile.mkdtemp())
    for file in Path(folder).iterdir():
        shutil.copy(file, whole)
    (whole / "lexnames").write_text("".join(f"{i:02}\tx\t1\n" for i in range(45)))
    (whole / "cntlist.rev").touch()
    nltk.data.path.append(str(whole))  # it reads folders that are named there
    return Reader(str(whole), None)


class Empty:
    def synsets(self, word):
        return []


def score(case, wordnet):
    candidate, references = case
    return meteor_score([one.split() for one in references], candidate.split(), wordnet=wordnet)


def licence(path):
    return "".join(line for line in path.read_text().splitlines(True) if line.startswith(" "))


def write_part(folder, wordnet, words):
    """The lines of all forms of these words, at their new places."""
    out = DATA / "wordnet"
    out.mkdir(exist_ok=True)
    for pos, name in PARTS.items():
        forms = sorted({form for word in words for form in wordnet._morphy(word, pos)})
        text, lines, places, named = licence(folder / f"data.{name}"), {}, {}, {}
        for form in forms:
            lines[form] = wordnet._lemma_pos_offset_map[form][pos]
            for offset in lines[form]:
                if offset in places:
                    continue
                with open(folder / f"data.{name}") as data:
                    data.seek(offset)
                    entry = data.readline().split(" ")
                places[offset] = len(text.encode())
                named.setdefault(entry[4].lower().split("(")[0], []).append(offset)
                entry = entry[:4 + 2 * int(entry[3], 16)]
                entry[2] = pos  # a satellite would have to name its head
                text += " ".join([f"{places[offset]:08}", *entry[1:], "000", *(["00"] if pos == "v" else []), "| \n"])
        lines = {**named, **lines}  # NLTK looks for the word that an entry begins with
        index = licence(folder / f"index.{name}")
        for form, offsets in sorted(lines.items()):
            index += f"{form} {pos} {len(offsets)} 0 {len(offsets)} 0 {' '.join(f'{places[one]:08}' for one in offsets)}  \n"
        lines = (folder / f"{name}.exc").read_text().splitlines(True)
        exceptions = [line for line in lines if line.split()[0] in words]
        (out / f"data.{name}").write_text(text)
        (out / f"index.{name}").write_text(index)
        (out / f"{name}.exc").write_text("".join(exceptions or lines[:1]))


def main():
    folder = Path(sys.argv[1])
    captions = json.loads((DATA / "captions.json").read_text())["cases"]
    captions = [[one["candidate_tokens"], one["reference_tokens"]] for one in captions]
    whole = reader(folder)
    # Where a synonym matters, and some where none does.
    cases = OWN + [one for one in captions if score(one, whole) != score(one, Empty())][:16] + captions[:4]
    stem = PorterStemmer().stem
    words = {stem(word) for candidate, _ in cases for word in candidate.split()}
    write_part(folder, whole, words)
    part = reader(DATA / "wordnet")

    found = [score(one, part) for one in cases]
    assert found == [score(one, whole) for one in cases]
    rows = [json.dumps({"candidate": candidate, "references": references, "meteor": value})
            for (candidate, references), value in zip(cases, found)]
    (DATA / "meteor_wordnet.json").write_text('{"tools": {"nltk": "3.10.4", "wordnet": "3.0, Debian\'s wordnet-base"}, '
                                              '"cases": [\n' + ",\n".join(rows) + "\n]}\n")
    everything = [score(one, whole) for one in captions]
    print("all captions:", sum(everything) / len(everything))


main()
