"""The oracle of peft.test.ts: PEFT itself, on small random models.

oracle.py make FOLDER              writes FOLDER/{llama,gpt2}, in shards
oracle.py load FOLDER MODEL OUT …  for each adapter: max |logits with it − logits of the base|, and its layers, as JSON
"""

import json
import os
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

sizes = dict(vocab_size=97, bos_token_id=None, eos_token_id=None, pad_token_id=None)
llama = LlamaConfig(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, **sizes)
gpt2 = GPT2Config(n_embd=64, n_layer=2, n_head=4, n_positions=64, **sizes)
kinds = {"llama": (LlamaForCausalLM, llama), "gpt2": (GPT2LMHeadModel, gpt2)}
ids = torch.arange(24).reshape(2, 12) * 3 % 97


def logits(model):
    with torch.no_grad():
        return model.eval()(ids).logits


def load(folder, name, out):
    kind, _ = kinds[name]
    base = kind.from_pretrained(os.path.join(folder, name))
    want = logits(base)
    residual = os.path.join(out, "base_residual.safetensors")
    if os.path.exists(residual):
        weights = base.state_dict()
        for key, value in load_file(residual).items():
            weights[key].copy_(value)
    model = PeftModel.from_pretrained(base, out)
    there = model.state_dict()
    file = load_file(os.path.join(out, "adapter_model.safetensors"))
    loaded = sum(torch.equal(value, there[key.replace(".weight", ".default.weight")]) for key, value in file.items())
    layers = sum(".lora_A." in key for key in there)
    return {"off": float((logits(model) - want).abs().max()), "layers": layers, "loaded": loaded}


if sys.argv[1] == "make":
    torch.manual_seed(0)
    for name, (kind, config) in kinds.items():
        kind(config).save_pretrained(os.path.join(sys.argv[2], name), max_shard_size="100KB")
else:
    folder, name, *outs = sys.argv[2:]
    print(json.dumps([load(folder, name, out) for out in outs]))
