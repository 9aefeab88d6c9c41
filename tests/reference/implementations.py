# SPDX-License-Identifier: Apache-2.0
"""Where the values of other implementations come from: runs each implementation on the weights and inputs that its file
holds and says how far the file's outputs and gradients are from what it gives.

    pip install torch==2.11.0 torchvision torchaudio==2.11.0 transformers safetensors
    python3 tests/reference/implementations.py

The files hold `w.*` weights (random, so that a missing bias shows), `in.*` inputs, `out.*` outputs, `grad.input` the
gradient of sum(output * grad.seed) for the input. losses_torch.safetensors holds torch's functional losses and three
steps of its AdamW (see adamw.py); a tensor of integers in it, which no test read, was taken out.
"""
import json
import sys
from pathlib import Path

import torch
import torchaudio
import torchvision
from safetensors import safe_open
from transformers import RobertaConfig, RobertaModel, ViTConfig, ViTModel

torch.backends.mkldnn.enabled = False  # plain kernels: the same sums on every machine


def read(name):
    with safe_open(Path(__file__).with_name(name + ".safetensors"), "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        return tensors, json.loads(file.metadata()["config"])


def load(model, tensors):
    """Every floating-point weight must come from the file."""
    missing, unexpected = model.load_state_dict(
        {key[2:]: value for key, value in tensors.items() if key.startswith("w.")}, strict=False)
    state = model.state_dict()
    assert not unexpected and not any(state[key].is_floating_point() for key in missing), (missing, unexpected)
    return model.eval()


def compare(name, tensors, outputs, x=None, mask=None):
    worst = 0.0
    for key, value in outputs.items():
        difference = (value - tensors["out." + key]).abs()
        if mask is not None:
            difference = difference[mask]
        worst = max(worst, difference.max().item())
    if x is not None:
        first = next(iter(outputs.values()))
        (first * tensors["grad.seed"]).sum().backward()
        worst = max(worst, (x.grad - tensors["grad.input"]).abs().max().item())
    print(f"{name:24} {worst:.1e}")
    return worst


def vit_hf():
    tensors, config = read("vit_hf")
    model = load(ViTModel(ViTConfig(**config, attn_implementation="eager"), add_pooling_layer=False), tensors)
    x = tensors["in.pixels"].requires_grad_()
    return compare("vit_hf", tensors, {"last_hidden_state": model(pixel_values=x).last_hidden_state}, x)


def vit_torchvision():
    tensors, config = read("vit_torchvision")
    model = load(torchvision.models.VisionTransformer(**config), tensors)
    x = tensors["in.pixels"].requires_grad_()
    return compare("vit_torchvision", tensors, {"logits": model(x)}, x)


def roberta_hf():
    tensors, config = read("roberta_hf")
    model = load(RobertaModel(RobertaConfig(**config, attn_implementation="eager"), add_pooling_layer=False), tensors)
    mask = tensors["in.mask"]
    out = model(input_ids=tensors["in.ids"], attention_mask=mask)
    return compare("roberta_hf", tensors, {"last_hidden_state": out.last_hidden_state}, mask=mask.bool())


def conformer_torchaudio():
    tensors, config = read("conformer_torchaudio")
    model = load(torchaudio.models.Conformer(**config), tensors)
    x = tensors["in.frames"].requires_grad_()
    frames, _ = model(x, tensors["in.lengths"])
    return compare("conformer_torchaudio", tensors, {"frames": frames}, x)


def decoder_block_torch():
    tensors, config = read("decoder_block_torch")
    model = load(torch.nn.TransformerDecoderLayer(**config, dropout=0.0, batch_first=True), tensors)
    x = tensors["in.target"].requires_grad_()
    causal = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
    out = model(x, tensors["in.memory"], tgt_mask=causal, tgt_is_causal=True)
    return compare("decoder_block_torch", tensors, {"output": out}, x)


if __name__ == "__main__":
    worst = max(check() for check in (vit_hf, vit_torchvision, roberta_hf, conformer_torchaudio, decoder_block_torch))
    sys.exit(worst > 1e-5)
