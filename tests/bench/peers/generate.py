#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens a second of greedy decoding: Weft with whole texts and cached against Hugging Face's `generate`, in turn, one thread each.

    taskset -c 0 python3 tests/bench/peers/generate.py build/release/bin/generate_peer

Needs torch and transformers, which the project does not install. Both sides have an untrained decoder of one shape: BART's, with
its norms behind the layers, attending to 17 vectors that are given. What is compared is the processor's time, since other
programs on the machine take turns with these. Without transformers the two ways of Weft are compared.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 7
# dim, layers, heads, vocabulary, rows, length
SHAPES = {
    "tiny, 1 row": (64, 2, 4, 160, 1, 64),
    "tiny, 16 rows": (64, 2, 4, 160, 16, 64),
    "small, 1 row": (256, 4, 4, 4000, 1, 128),
    "small, 16 rows": (256, 4, 4, 4000, 16, 128),
}


def weft(program, shape, how):
    worker = subprocess.Popen([program, *map(str, shape), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run():
        worker.stdin.write("1\n")
        worker.stdin.flush()
        return float(worker.stdout.readline())
    return run


def hugging_face(shape):
    import torch
    from transformers import BartConfig, BartForConditionalGeneration
    from transformers.modeling_outputs import BaseModelOutput
    torch.set_num_threads(1)
    dim, layers, heads, vocabulary, rows, length = shape
    config = BartConfig(vocab_size=vocabulary, d_model=dim, encoder_layers=1, decoder_layers=layers, decoder_attention_heads=heads,
                        encoder_attention_heads=heads, decoder_ffn_dim=4 * dim, encoder_ffn_dim=4 * dim, max_position_embeddings=length,
                        pad_token_id=0, bos_token_id=2, eos_token_id=3, decoder_start_token_id=2, forced_eos_token_id=None,
                        forced_bos_token_id=None)
    model = BartForConditionalGeneration(config).eval()
    state = BaseModelOutput(last_hidden_state=torch.randn(rows, 17, dim))

    def run():
        begun = time.process_time()
        with torch.inference_mode():
            tokens = model.generate(encoder_outputs=state, do_sample=False, num_beams=1, max_length=length, min_length=length)
        assert tokens.shape == (rows, length), tokens.shape
        return time.process_time() - begun
    return run


def main(program):
    try:
        import transformers  # noqa: F401
        peers = [("hugging face", hugging_face)]
    except ImportError:
        peers = []
    for name, shape in SHAPES.items():
        ways = [("whole", weft(program, shape, "whole")), ("cached", weft(program, shape, "cached"))]
        ways += [(peer, make(shape)) for peer, make in peers]
        seconds = {way: [] for way, _ in ways}
        for turn in range(ROUNDS + 1):
            for way, run in ways:
                seconds[way].append(run())
        tokens = shape[4] * (shape[5] - 1)
        print(name, *(f"{way} {tokens / statistics.median(seconds[way][1:]):.0f}/s" for way, _ in ways), sep="  ", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
