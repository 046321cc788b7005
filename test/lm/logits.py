# Makes test/lm/logits.json: logits of small random decoders by transformers, whose weights test/lm/decoders.test.ts makes again.
#   python3 -m venv oracle && oracle/bin/pip install torch transformers && oracle/bin/python test/lm/logits.py > test/lm/logits.json

import json, sys
import numpy as np
import torch, transformers
from transformers import AutoConfig, AutoModelForCausalLM

def noise(length, seed):
    """test/kernels/builds.ts: the same numbers."""
    state, out = (seed * 0x9E3779B1) & 0xFFFFFFFF | 1, np.empty(length)
    for i in range(length):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = (state - 2**32 if state >= 2**31 else state) / 2**31
    return out

llama = dict(vocab_size=19, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             intermediate_size=24, max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=500.0)
configs = {
    'llama': dict(model_type='llama', **llama),
    'llama with biases and heads of width 6': dict(model_type='llama', attention_bias=True, mlp_bias=True, head_dim=6, **llama),
    'llama with rope_type llama3, tied': dict(model_type='llama', tie_word_embeddings=True, **llama, rope_scaling=dict(
        rope_type='llama3', factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)),
    'llama with rope_type linear': dict(model_type='llama', **llama, rope_scaling=dict(rope_type='linear', factor=2.0)),
    'mistral': dict(model_type='mistral', sliding_window=None, **llama),
    'qwen2': dict(model_type='qwen2', use_sliding_window=False, **llama),
    'gpt2': dict(model_type='gpt2', vocab_size=19, n_embd=16, n_layer=2, n_head=4, n_positions=32),
}
ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 0, 18, 7, 11]
cases = []
for name, config in configs.items():
    fields = {k: v for k, v in config.items() if k != 'model_type'}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(config['model_type'], **fields), attn_implementation='eager').double().eval()
    # Weight number i, by the order of the names, is noise of seed i+1, times 0.3; gains are 1 more.
    names = sorted(n for n, _ in model.named_parameters())
    with torch.no_grad():
        for i, n in enumerate(names):
            p = dict(model.named_parameters())[n]
            gain = p.ndim == 1 and n.endswith('.weight')
            p.copy_(torch.tensor(0.3 * noise(p.numel(), i + 1).reshape(p.shape) + (1 if gain else 0)))
        out = model(torch.tensor(ids).reshape(2, 8), use_cache=False).logits.reshape(16, -1)
    cases.append(dict(name=name, config=config, names=names, logits=[float(f'{v:.9g}') for v in out.flatten().tolist()]))
versions = f'transformers {transformers.__version__}, torch {torch.__version__}'
json.dump(dict(versions=versions, ids=ids, cases=cases), sys.stdout)
print()
