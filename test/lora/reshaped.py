"""What PEFT makes and what it says of what lorank wrote. Called by peftReshaped.test.ts:

reshaped.py make FOLDER   tiny random models, adapters with random factors, and the logits of PEFT's merged models
reshaped.py judge FOLDER  the largest difference of logits for each thing that lorank wrote, as JSON on stdout
"""
import json
import os
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

warnings.filterwarnings("ignore")
mode, folder = sys.argv[1:]
tokens = torch.arange(24).view(2, 12) % 64


def at(*names):
    return os.path.join(folder, *names)


def logits(model):
    with torch.no_grad():
        return model.eval()(tokens).logits.double()


def base(name):
    return AutoModelForCausalLM.from_pretrained(at(name))


def noise(model, size):
    torch.manual_seed(2)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data += size * torch.randn_like(parameter)


def adapter(name, model, **options):
    torch.manual_seed(1)
    peft = get_peft_model(base(model), LoraConfig(r=4, lora_alpha=6, **options))
    if isinstance(options.get("init_lora_weights"), str):
        peft.save_pretrained(at(f"{name}-start"))
        noise(peft, 0.02)
    else:
        noise(peft, 0.2)
    peft.save_pretrained(at(name))
    torch.save(logits(peft.merge_and_unload()), at(f"{name}.pt"))


if mode == "make":
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
        )
    ).save_pretrained(at("llama"), max_shard_size="20KB")
    GPT2LMHeadModel(GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64)).save_pretrained(at("gpt2"))
    adapter("plain", "llama", target_modules=["q_proj", "v_proj", "down_proj"])
    adapter(
        "patterns",
        "llama",
        target_modules="all-linear",
        use_rslora=True,
        rank_pattern={"layers.0.self_attn.q_proj": 2},
        alpha_pattern={"down_proj": 3},
    )
    adapter("dora", "llama", target_modules=["q_proj", "k_proj"], use_dora=True)
    adapter("saved", "llama", target_modules=["q_proj", "embed_tokens"], modules_to_save=["lm_head"])
    adapter("conv1d", "gpt2", target_modules=["c_attn", "c_proj"], fan_in_fan_out=True)
    adapter("conv1d-dora", "gpt2", target_modules=["c_attn", "c_proj"], fan_in_fan_out=True, use_dora=True)
    for start in ["pissa", "olora"]:
        for use_rslora in [False, True]:
            name = start + ("-rs" if use_rslora else "")
            adapter(name, "llama", target_modules=["q_proj", "v_proj"], init_lora_weights=start, use_rslora=use_rslora)
    both = PeftModel.from_pretrained(base("llama"), at("plain"), adapter_name="plain")
    both.load_adapter(at("patterns"), adapter_name="patterns")
    both.add_weighted_adapter(["plain", "patterns"], [0.7, 0.3], "both", combination_type="cat")
    both.set_adapter("both")
    torch.save(logits(both), at("average.pt"))
else:
    found = {}
    for name in sorted(os.listdir(at("written"))):
        kind, of = name.split("@")
        if kind == "merged":
            got = logits(base(os.path.join("written", name)))
        else:
            model = "gpt2" if of.startswith("conv1d") else "llama"
            got = logits(PeftModel.from_pretrained(base(model), at("written", name)))
        found[name] = (got - torch.load(at(f"{of}.pt"))).abs().max().item()
    print(json.dumps(found))
