# SPDX-License-Identifier: Apache-2.0
"""Reference values for `weft convert`: small models of Hugging Face's transformers with random weights.

    python3 tests/reference/community.py          (torch 2.11, transformers 5.23, safetensors)

Writes community_ARCHITECTURE.safetensors beside it. `w.*` are the tensors that save_pretrained() writes, by its names;
`in.*` are inputs; `out.1`, `out.2`, … what each layer gives, behind the last normalisation where a model has one;
`pooled` what stands for the whole. The metadata hold config.json.
"""

import json
import os
import re
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import (BertConfig, BertModel, CLIPConfig, CLIPModel, GPT2Config, GPT2LMHeadModel, LlamaConfig,
                          LlamaForCausalLM, RobertaConfig, RobertaModel, ViTConfig, ViTModel, WhisperConfig, WhisperModel)

HERE = os.path.dirname(os.path.abspath(__file__))
G = torch.Generator().manual_seed(17)
LAYERS = 2


def shaken(model):
    """Random values everywhere, so that a missing bias or a swapped norm shows."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                p.copy_(torch.randn(p.shape, generator=G) / p[0].numel() ** 0.5 * 1.2)
            else:
                p.copy_(0.3 * torch.randn(p.shape, generator=G) + (1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0))
    return model.eval()


def saved(model):
    """What a folder on the hub would hold."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        with safe_open(os.path.join(folder, "model.safetensors"), "pt") as file:
            assert file.metadata() == {"format": "pt"}
        return load_file(os.path.join(folder, "model.safetensors")), config


def write(name, model, inputs, outputs):
    weights, config = saved(model)
    tensors = {**{"w." + k: v for k, v in weights.items()}, **{"in." + k: v for k, v in inputs.items()}, **outputs}
    tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    save_file(tensors, os.path.join(HERE, f"community_{name}.safetensors"), metadata={"config": json.dumps(config)})
    print(name, sorted({re.sub(r"\.\d+\.", ".N.", k) for k in weights}))


def layers(hidden, norm=lambda x: x):
    return {f"out.{i}": norm(h) for i, h in enumerate(hidden) if i > 0}


def hidden_of(blocks, call):
    """What each block gives. Of the models' own hidden states the last one is normalised already."""
    seen = []
    hooks = [b.register_forward_hook(lambda m, i, o: seen.append(o[0] if isinstance(o, tuple) else o)) for b in blocks]
    result = call()
    for hook in hooks:
        hook.remove()
    return [None] + seen, result


def texts(pad, vocab, end=None):
    ids = torch.randint(5, vocab - 1, (3, 9), generator=G)
    mask = torch.ones(3, 9, dtype=torch.long)
    for row, length in enumerate((9, 4, 6)):
        if end is not None:
            ids[row, length - 1] = end
        ids[row, length:] = pad
        mask[row, length:] = 0
    return ids, mask


def bert(name, kind, config):
    m = shaken(kind(config))
    ids, mask = texts(config.pad_token_id, config.vocab_size)
    o = m(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    write(name, m, {"tokens": ids, "mask": mask}, {**layers(o.hidden_states), "pooled": o.pooler_output})


SMALL = dict(hidden_size=16, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=24)


def main():
    torch.set_num_threads(1)
    with torch.no_grad():
        bert("bert", BertModel, BertConfig(vocab_size=60, max_position_embeddings=12, attn_implementation="eager", **SMALL))
        bert("roberta", RobertaModel, RobertaConfig(vocab_size=60, max_position_embeddings=14, type_vocab_size=1, layer_norm_eps=1e-5,
                                                    attn_implementation="eager", **SMALL))

        m = shaken(ViTModel(ViTConfig(image_size=16, patch_size=8, attn_implementation="eager", **SMALL)))
        x = torch.randn(2, 3, 16, 16, generator=G)
        hidden, o = hidden_of(m.layers if hasattr(m, "layers") else m.encoder.layer, lambda: m(pixel_values=x))
        write("vit", m, {"image": x}, layers(hidden, m.layernorm))

        m = shaken(WhisperModel(WhisperConfig(vocab_size=60, d_model=16, encoder_layers=LAYERS, decoder_layers=1, encoder_attention_heads=4,
                                              decoder_attention_heads=4, encoder_ffn_dim=24, decoder_ffn_dim=24, num_mel_bins=10,
                                              max_source_positions=12, max_target_positions=8, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                                              decoder_start_token_id=1, attn_implementation="eager")))
        x = torch.randn(2, 10, 24, generator=G)
        hidden, o = hidden_of(m.encoder.layers, lambda: m.encoder(x))
        write("whisper", m, {"features": x.transpose(1, 2)}, layers(hidden, m.encoder.layer_norm))

        m = shaken(CLIPModel(CLIPConfig(text_config=dict(vocab_size=60, max_position_embeddings=10, eos_token_id=59, bos_token_id=3, pad_token_id=0, **SMALL),
                                        vision_config=dict(image_size=16, patch_size=8, **SMALL), projection_dim=12,
                                        attn_implementation="eager")))
        x = torch.randn(2, 3, 16, 16, generator=G)
        ids, mask = texts(0, 60, end=59)
        seen, _ = hidden_of(m.vision_model.encoder.layers, lambda: m.vision_model(pixel_values=x))
        read, _ = hidden_of(m.text_model.encoder.layers, lambda: m.text_model(input_ids=ids, attention_mask=mask))
        both = m(input_ids=ids, attention_mask=mask, pixel_values=x)
        pooled = {"vision.pooled": m.visual_projection(m.vision_model(pixel_values=x).pooler_output),
                  "text.pooled": m.text_projection(m.text_model(input_ids=ids, attention_mask=mask).pooler_output)}
        assert torch.allclose(both.image_embeds, torch.nn.functional.normalize(pooled["vision.pooled"]), atol=1e-6)
        assert torch.allclose(both.text_embeds, torch.nn.functional.normalize(pooled["text.pooled"]), atol=1e-6)
        write("clip", m, {"image": x, "tokens": ids, "mask": mask},
              {**{"vision." + k: v for k, v in layers(seen, m.vision_model.post_layernorm).items()},
               **{"text." + k: v for k, v in layers(read, m.text_model.final_layer_norm).items()}, **pooled})

        ids = torch.randint(0, 60, (2, 7), generator=G)
        m = shaken(GPT2LMHeadModel(GPT2Config(vocab_size=60, n_positions=12, n_embd=16, n_layer=LAYERS, n_head=4, bos_token_id=59,
                                              eos_token_id=59, attn_implementation="eager")))
        hidden, o = hidden_of(m.transformer.h, lambda: m(input_ids=ids))
        write("gpt2", m, {"target": ids}, {**layers(hidden, m.transformer.ln_f), "logits": o.logits})

        m = shaken(LlamaForCausalLM(LlamaConfig(vocab_size=60, num_key_value_heads=2, max_position_embeddings=12, rope_theta=500.0,
                                                attn_implementation="eager", **SMALL)))
        hidden, o = hidden_of(m.model.layers, lambda: m(input_ids=ids))
        write("llama", m, {"target": ids}, {**layers(hidden, m.model.norm), "logits": o.logits})


if __name__ == "__main__":
    main()
