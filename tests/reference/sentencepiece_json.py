#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tokenizer.json as T5, XLM-RoBERTa, Llama 2 and Gemma have it: token ids of Hugging Face's tokenizers 0.23.3.

    python3 tests/reference/sentencepiece_json.py make tests/reference
    python3 tests/reference/sentencepiece_json.py compare build/release/bin/weft tests/reference TEXTS

`make` trains small models on the lines of tokenizer_values.json and writes tokenizer_{t5,xlmr,llama2,gemma}.json and
sentencepiece_values.json, which the tests read. `compare` prints how many of 10,000 lines of TEXTS and random characters get
the same ids and the same text, once more with SentencePiece's whole rules (nmt_nfkc), which the small files have a part of.
Needs tokenizers and sentencepiece 0.2.3, which the project does not install.
"""
import io
import json
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tokenizer_values import LINES, RANDOM, fnv1a, lines_of, report

# From, to: code points in hexadecimal. Of two that begin alike, the shorter one is applied to a whole grapheme.
RULES = """FB01 66 69;FF21 41;FF22 42;2460 31;BD 31 2044 32;A0 20;3000 20;9 20;B2 32;216B 58 49 49;65 301 E9;61 308 E4;200B ;
D A 20;AD ;1100 1161 AC00;2026 2E 2E 2E;FEFF ;FFFD 3F;1F468 1F469"""


def rules_file(folder):
    path = f"{folder}/rules.tsv"
    with open(path, "w") as file:
        for rule in RULES.replace("\n", "").split(";"):
            words = rule.split(" ")
            # The last words are the result: what follows the first one or two.
            split = 2 if words[0] in ("65", "61", "D", "1100") else 1
            file.write(" ".join(words[:split]) + "\t" + " ".join(word for word in words[split:] if word) + "\n")
    return path


def trained(lines, kind, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type=kind, num_threads=1, minloglevel=2,
        hard_vocab_limit=False, **options)
    read = proto.ModelProto()
    read.ParseFromString(model.getvalue())
    return read


def specials(tokenizer, *contents):
    tokenizer.add_special_tokens([AddedToken(content, normalized=False) for content in contents])
    return tokenizer


def unigram(model, charsmap, pre_tokenizer, decoder):
    vocab = [(piece.piece, piece.score) for piece in model.pieces]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=model.trainer_spec.unk_id))
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, decoder
    return specials(tokenizer, "<pad>", "</s>")


def bpe(model):
    """Vocabulary and merges of a SentencePiece BPE model: pieces in the order of their scores."""
    vocab = {piece.piece: i for i, piece in enumerate(model.pieces)}
    rank = {piece.piece: -piece.score for piece in model.pieces if piece.type == piece.NORMAL}
    merges = []
    for piece in vocab:
        ways = [(piece[:i], piece[i:]) for i in range(1, len(piece)) if piece[:i] in vocab and piece[i:] in vocab]
        merges += [(rank.get(piece, 0), vocab[a], vocab[b], a, b) for a, b in ways if piece in rank]
    return vocab, [(a, b) for _, _, _, a, b in sorted(merges)]


def all_tokenizers(lines, **rules):
    with tempfile.TemporaryDirectory() as folder:
        if not rules:
            rules = {"normalization_rule_tsv": rules_file(folder)}
        model = trained(lines, "unigram", vocab_size=1200, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=0.995, **rules)
        charsmap = model.normalizer_spec.precompiled_charsmap
        metaspace = {"replacement": "▁", "prepend_scheme": "always"}
        made = {"t5": unigram(model, charsmap, pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(**metaspace)]), decoders.Metaspace(**metaspace))}
        made["t5"].post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
        # As newer files write it: a sign before the first word alone, and words are not divided at signs.
        first = {"replacement": "▁", "prepend_scheme": "first", "split": False}
        made["xlmr"] = unigram(model, charsmap, pre_tokenizers.Metaspace(**first), decoders.Metaspace(**first))
        made["xlmr"].normalizer = normalizers.Sequence(
            [normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
        small = trained(lines, "bpe", vocab_size=900, byte_fallback=True, character_coverage=0.98,
                        normalization_rule_name="identity")
        vocab, merges = bpe(small)
        made["llama2"] = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        made["llama2"].normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        made["llama2"].decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        made["llama2"].post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
        specials(made["llama2"], "<s>", "</s>", "<unk>")
        made["gemma"] = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        made["gemma"].normalizer = normalizers.Replace(" ", "▁")
        made["gemma"].pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        made["gemma"].decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
        specials(made["gemma"], "<s>", "</s>", "<unk>")
    return made


def known_lines(folder):
    with open(f"{folder}/tokenizer_values.json", encoding="utf-8") as file:
        values = json.load(file)
    return values["lines"], values["whole"]


def taught(lines, whole):
    """What the models are trained on: half of the lines that are no random characters, so that much is unknown to them."""
    return lines[:whole:2] + [line for line in lines[whole:] if line.isascii()]


def make(folder):
    lines, whole = known_lines(folder)
    values = {"ids": {}, "hashes": {}, "texts": {}}
    for name, tokenizer in all_tokenizers(taught(lines, whole)).items():
        with open(f"{folder}/tokenizer_{name}.json", "w", encoding="utf-8") as file:
            json.dump(json.loads(tokenizer.to_str()), file, ensure_ascii=False, separators=(",", ":"))
            file.write("\n")
        rows = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
        values["ids"][name] = rows[:whole]
        values["hashes"][name] = [fnv1a(" ".join(map(str, row))) for row in rows]
        values["texts"][name] = [tokenizer.decode(row, skip_special_tokens=False) for row in rows[:whole]]
    with open(f"{folder}/sentencepiece_values.json", "w", encoding="utf-8") as file:
        json.dump(values, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def compare(weft, folder, texts):
    lines, whole = known_lines(folder)
    asked = lines_of([texts], LINES, RANDOM)
    for label, rules in (("", {}), ("whole rules", {"normalization_rule_name": "nmt_nfkc"})):
        for name, tokenizer in all_tokenizers(taught(lines, whole), **rules).items():
            if rules and name in ("llama2", "gemma"):
                continue
            with tempfile.TemporaryDirectory() as place:
                tokenizer.save(f"{place}/t.json")
                theirs = [tokenizer.encode(line, add_special_tokens=False).ids for line in asked]
                silent = {tokenizer.token_to_id(token) for token in ("<s>", "</s>", "<pad>")}

                def text_of(ids, tokenizer=tokenizer):
                    return tokenizer.decode(ids, skip_special_tokens=False)

                report(f"{name} {label}", weft, f"{place}/t.json", asked, theirs, text_of, silent)


if __name__ == "__main__":
    if sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    else:
        make(sys.argv[2])
