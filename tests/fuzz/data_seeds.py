"""The first inputs of the targets that read data: small whole files of every sort that is read."""
import gzip
import io
import base64
import json
import struct
import tarfile
import zlib
from pathlib import Path

DATA = Path(__file__).parents[1] / "host/data"
PICTURES = Path(__file__).parents[1] / "reference/pictures"


def tars():
    """Shards in the three tar formats, and each compressed."""
    kinds = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
    for name, kind in kinds.items():
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w", format=kind) as tar:
            for member in ("a.txt", "folder/b.json", "folder/b.png", *(["ü" * 60 + ".txt"] if name != "ustar" else [])):
                info = tarfile.TarInfo(member)
                info.size = 2
                tar.addfile(info, io.BytesIO(b"{}"))
        yield f"{name}.tar", content.getvalue()
        yield f"{name}.tar.gz", gzip.compress(content.getvalue(), mtime=0)


def png(colour, depth, interlaced, more=b""):
    """A PNG of 5 x 3 pixels; `more` stands before the pixels."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    # The seven passes of Adam7: first column and row, and steps.
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b""
    for x, y, right, down in passes if interlaced else ((0, 0, 1, 1),):
        columns = len(range(x, 5, right))
        for number in range(y, 3, down) if columns else ():
            rows += bytes([number % 5]) + bytes((columns * channels * depth + 7) // 8)
    palette = chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\0\x80") if colour == 3 else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 3, depth, colour, 0, 0, interlaced)) + palette
            + (chunk(b"zTXt", b"a\0\0" + zlib.compress(more)) if more else b"")
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def wav(kind, bits, channels):
    """A WAV of 40 samples: PCM (1), floating point (3), A-law (6) or µ-law (7)."""
    width = bits // 8 * channels
    sound = bytes(40 * width)
    head = struct.pack("<HHIIHH", kind, channels, 8000, 8000 * width, width, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def odd_wavs():
    """Heads that recorders, pipes and speech synthesis write, and that are read by rule."""
    whole = wav(1, 16, 1)
    at = whole.index(b"data") + 4
    for name, said in (("pipe", 0xFFFFFFFF), ("zero", 0), ("sox", 0x7FFFF000)):
        size = struct.pack("<I", said)
        yield f"{name}.wav", whole[:4] + size + whole[8:at] + size + whole[at + 4:]
    kind = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    for name, bits, valid in (("24_in_32", 32, 24), ("12_in_16", 16, 12)):
        width = bits // 8
        head = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 8000 * width, width, bits, 22, valid, 4) + kind
        body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", 40 * width) + bytes(40 * width)
        yield f"{name}.wav", b"RIFF" + struct.pack("<I", len(body)) + body
    head = struct.pack(">HHIIHH", 1, 1, 8000, 16000, 2, 16)
    body = b"WAVEfmt " + struct.pack(">I", len(head)) + head + b"data" + struct.pack(">I", 80) + bytes(80)
    yield "rifx.wav", b"RIFX" + struct.pack(">I", len(body)) + body
    extra = b"LIST" + struct.pack("<I", 5) + b"INFO\0\0"
    yield "list.wav", whole[:4] + struct.pack("<I", len(whole) - 8 + len(extra)) + whole[8:12] + extra + whole[12:]


def odd_pngs():
    """What stands before a PNG's pixels: transparency by grey and by colour, EXIF, animation."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    exif = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    animation = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 5, 3, 0, 0, 1, 9, 0, 0))
    for name, colour, depth, more in (
            ("grey1_clear", 0, 1, chunk(b"tRNS", b"\0\1")), ("grey16_clear", 0, 16, chunk(b"tRNS", b"\0\7")),
            ("colour_clear", 2, 8, chunk(b"tRNS", b"\0\1\0\2\0\3")), ("exif", 2, 8, chunk(b"eXIf", exif)),
            ("animated", 2, 8, animation), ("gamma", 0, 8, chunk(b"gAMA", struct.pack(">I", 45455)))):
        whole = png(colour, depth, 0)
        at = whole.index(b"IDAT") - 4
        yield f"{name}.png", whole[:at] + more + whole[at:]


def media():
    yield from odd_wavs()
    yield from odd_pngs()
    for colour, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8), (4, 8), (6, 8), (6, 16)):
        yield f"{colour}_{depth}.png", png(colour, depth, 0)
    yield "interlaced.png", png(2, 8, 1)
    yield "text.png", png(0, 8, 0, b"a text" * 9)
    for kind, bits, channels in ((1, 8, 1), (1, 16, 2), (1, 24, 1), (1, 32, 1), (3, 32, 2), (3, 64, 1), (6, 8, 1), (7, 8, 1)):
        yield f"{kind}_{bits}_{channels}.wav", wav(kind, bits, channels)
    for name in ("image/halves.jpg", "audio/ramp.flac", "audio/tone.mp3", "audio/vorbis.ogg", "audio/opus.ogg", "audio/tone.m4a"):
        yield Path(name).name, (DATA / name).read_bytes()
    for pattern in ("*.webp", "4??.jpg", "cmyk.jpg", "ycck.jpg", "progressive.jpg", "turned_6.jpg", "turned_6.png"):
        for path in sorted(PICTURES.glob(pattern)):
            yield path.name, path.read_bytes()
    for path in sorted((DATA / "video").glob("*.[mw]*")):
        if path.stat().st_size <= 4608 and path.name not in ("large.webm", "blank.webm"):
            yield path.name, path.read_bytes()


def varint(value):
    head = b""
    while value >= 0x80:
        head += bytes([value & 0x7F | 0x80])
        value >>= 7
    return head + bytes([value])


def field(number, value):
    """A field of a protobuf message: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def charsmap():
    """Normalisation rules as SentencePiece compiles them: A becomes b, AB becomes a."""
    units = list(range(256))  # as no text reaches them
    units[0] = 1 << 10
    for base, label, following, value in ((1, 65, 2, 0), (2, 66, 4, 2)):
        at = base ^ label
        units[at] = (at ^ following) << 10 | 1 << 8 | label
        units[following] = 1 << 31 | value
    return struct.pack("<257I", 1024, *units) + b"b\0a\0"


def models():
    """Models of each type, with normalisation rules, user-defined pieces and bytes."""
    def piece(text, kind=1, score=-1.0):
        return field(1, field(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score) + field(3, kind))

    pieces = piece("<pad>", 3) + piece("<unk>", 2) + piece("<s>", 3) + piece("</s>", 3)
    pieces += b"".join(piece(text, score=-1 - i / 8) for i, text in enumerate(("\u2581", "a", "b", "n", "an", "\u2581a")))
    pieces += piece("mine", 4) + piece("aa", 5)
    ids = field(40, 1) + field(41, 2) + field(42, 3) + field(43, 0)
    for kind, name in enumerate(("unigram", "bpe", "word", "char"), 1):
        rules = field(3, field(1, b"some") + field(2, charsmap()) + field(3, 1) + field(4, 1) + field(5, 1))
        yield f"{name}.model", pieces + field(2, field(3, kind) + ids) + rules
    of_bytes = b"".join(piece(f"<0x{byte:02X}>", 6) for byte in range(256))
    yield "bytes.model", pieces + of_bytes + field(2, field(3, 1) + field(35, 1) + ids) + field(3, field(1, b"identity"))


def tokenizers():
    """A tokenizer.json of each sort of model, with every sort of step."""
    pieces = ("[UNK]", "[MASK]", "a", "##b", "ab", "##a", ",", "\u4e00")
    word_piece = {
        "version": "1.0", "added_tokens": [{"id": 1, "content": "[MASK]", "lstrip": True, "normalized": False, "special": True}],
        "padding": {"pad_id": 0, "direction": "Right"},
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
            {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Prepend", "prepend": "a"},
            {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "NFKD"}, {"type": "StripAccents"}]},
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "post_processor": {"type": "TemplateProcessing", "pair": [],
                           "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                           "special_tokens": {"x": {"id": "x", "ids": [1], "tokens": ["[MASK]"]}}},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
                  "vocab": {token: i for i, token in enumerate(pieces)}}}
    yield "word_piece.json", json.dumps(word_piece).encode()
    tokens = ("?", "a", "b", "ab", "abab", "\u0120", "\u0120a", "a</w>")
    bpe = {"added_tokens": [], "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
               {"type": "Split", "pattern": {"Regex": "\\p{L}+| ?[^\\s\\p{L}]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": False},
               {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"},
               {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}]},
           "decoder": {"type": "ByteLevel"}, "post_processor": {"type": "RobertaProcessing", "cls": ["?", 0], "sep": ["b", 2]},
           "model": {"type": "BPE", "unk_token": "?", "fuse_unk": True, "vocab": {token: i for i, token in enumerate(tokens)},
                     "merges": ["a b", ["ab", "ab"], "\u0120 a"]}}
    yield "bytes.json", json.dumps(bpe).encode()
    bpe["pre_tokenizer"], bpe["model"]["end_of_word_suffix"] = {"type": "Whitespace"}, "</w>"
    yield "characters.json", json.dumps(bpe).encode()
    # A table of one unit that no byte leads on from, and no replacement.
    rules = base64.b64encode((4).to_bytes(4, "little") + (1 << 10).to_bytes(4, "little")).decode()
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True}
    unigram = {"normalizer": {"type": "Precompiled", "precompiled_charsmap": rules}, "pre_tokenizer": metaspace,
               "decoder": {"type": "Sequence", "decoders": [
                   {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
                   {"type": "Strip", "content": " ", "start": 1, "stop": 0}, metaspace]},
               "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": True,
                         "vocab": [[token, -i / 2] for i, token in enumerate(("?", "\u2581", "a", "b", "ab", "\u2581a", "<0xC3>", "<0xA9>"))]}}
    yield "unigram.json", json.dumps(unigram).encode()


def line_files():
    """Indices of the folder that the target makes, and texts of a sample a line."""
    index = [{"key": "x", "json": "d/a.json"}, {"key": "y/1", "txt": {"text": "a text: \u00fc"}, "json": {"q": [{"s": "a"}, {"s": 2}]}},
             {"key": "z", "a.b": "./d/a.json", "json": {"s": 1, "a": {"q": [{}]}}}]
    texts = [{"q": [{"s": "a"}, {"t": [0.5, 1e9, None]}], "s": "a"}, {"a": {"q": []}, "s": True}, {"q": [[{"s": 1}]]}]
    for name, lines in (("index", index), ("texts", texts)):
        content = "".join(json.dumps(line) + "\n" for line in lines)
        yield f"{name}.jsonl", content.encode()
        yield f"{name}_blank.jsonl", content.replace("\n", "\r\n\n").encode()
    yield "broken.jsonl", b'{"key": "x", "txt": {"text": "a"}}\n{"key": "x"}\n[]\n{"key": "y", "png": "../a"}\n{"key": "z", "txt": "d/b"}\n{'
