// One training step of a decoder beside PyTorch: 2 blocks, d = 256, MLP 4d, vocabulary 256, 32 tokens, batch 8, LoRA of rank 4 on the
// query and value projections, Adam, f32, one thread each. Milliseconds of CPU.
// node scripts/bench.mjs training [rounds]

import { spawnSync } from 'node:child_process';
import { add, attention, crossEntropy, gather, gelu, layerNorm, matmul, type Node } from '../src/autodiff/index.js';
import { singleKernels } from '../src/kernels/index.js';
import { type Decoder, type Net, randomModel, type WeightShape } from '../src/lm/model.js';
import { type Task, train } from '../src/lm/train.js';
import { matrix } from '../src/matrix.js';
import { normals, split, stream, words } from '../src/random/index.js';
import { type Contestant, numpy, race } from './harness.js';

const [d, layers, heads, vocabulary, length, batch, rank] = [256, 2, 4, 256, 32, 8, 4];

/** LayerNorm, separate projections without biases, GELU, tied embedding, learned positions. */
function decoder(): Decoder {
  const shapes: WeightShape[] = [
    { name: 'embedding', shape: [vocabulary, d], start: 0.02 },
    { name: 'positions', shape: [length, d], start: 0.02 },
  ];
  const linears: string[] = [];
  const norms: string[] = ['norm'];
  for (let l = 0; l < layers; l++) {
    norms.push(`${l}.norm1`, `${l}.norm2`);
    for (const [name, outputs, inputs] of [
      ['q', d, d],
      ['k', d, d],
      ['v', d, d],
      ['o', d, d],
      ['up', 4 * d, d],
      ['down', d, 4 * d],
    ] as const) {
      linears.push(`${l}.${name}`);
      shapes.push({ name: `${l}.${name}.weight`, shape: [outputs, inputs], start: 0.02 });
    }
  }
  for (const name of norms)
    shapes.push(
      { name: `${name}.weight`, shape: [d], start: 'ones' },
      { name: `${name}.bias`, shape: [d], start: 'zeros' },
    );
  const logits = (net: Net, ids: Int32Array): Node => {
    const { tape } = net;
    const norm = (name: string, X: Node) =>
      layerNorm(tape, X, net.weight(`${name}.weight`), net.weight(`${name}.bias`), 1e-5);
    const places = Int32Array.from(ids, (_, i) => i % length);
    let x = add(tape, gather(tape, net.weight('embedding'), ids), gather(tape, net.weight('positions'), places));
    for (let l = 0; l < layers; l++) {
      const h = norm(`${l}.norm1`, x);
      const [q, k, v] = ['q', 'k', 'v'].map((name) => net.linear(`${l}.${name}`, h));
      x = add(tape, x, net.linear(`${l}.o`, attention(tape, q, k, v, { length, heads })));
      x = add(tape, x, net.linear(`${l}.down`, gelu(tape, net.linear(`${l}.up`, norm(`${l}.norm2`, x)))));
    }
    return matmul(tape, norm('norm', x), net.weight('embedding'), { transposeB: true });
  };
  const config = {};
  return { name: 'bench', config, shapes, prefix: '', linears, transposed: false, vocabulary, context: length, logits };
}

const torch = `
import math, time, torch
import torch.nn as nn, torch.nn.functional as F
time.perf_counter = time.process_time
torch.set_num_threads(1)
torch.manual_seed(1)
d, L, H, V, T, N, r = ${d}, ${layers}, ${heads}, ${vocabulary}, ${length}, ${batch}, ${rank}
class Lora(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Linear(d, d, bias=False); self.W.weight.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, d) / math.sqrt(d)); self.B = nn.Parameter(torch.zeros(d, r))
    def forward(self, x): return self.W(x) + 2.0 * F.linear(F.linear(x, self.A), self.B)
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.q, self.v, self.k, self.o = Lora(), Lora(), nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.up, self.down = nn.Linear(d, 4 * d, bias=False), nn.Linear(4 * d, d, bias=False)
    def forward(self, x):
        h = self.n1(x)
        q, k, v = [f(h).view(N, T, H, d // H).transpose(1, 2) for f in (self.q, self.k, self.v)]
        s = (q @ k.transpose(2, 3) / math.sqrt(d // H)).masked_fill(mask, -math.inf)
        x = x + self.o((s.softmax(3) @ v).transpose(1, 2).reshape(N, T, d))
        return x + self.down(F.gelu(self.up(self.n2(x)), approximate='tanh'))
mask = torch.triu(torch.ones(T, T, dtype=torch.bool), 1)
embedding, positions = nn.Embedding(V, d), nn.Embedding(T, d)
blocks, norm = nn.ModuleList([Block() for _ in range(L)]), nn.LayerNorm(d)
for module in (embedding, positions, norm, blocks):
    for name, p in module.named_parameters(): p.requires_grad_(name.endswith(('.A', '.B')))
learned = [p for p in blocks.parameters() if p.requires_grad]
adam = torch.optim.Adam(learned, lr=1e-3)
x, y = torch.randint(0, V, (N, T)), torch.randint(0, V, (N * T,))
`;
const step = `
h = embedding(x) + positions(torch.arange(T))
for block in blocks: h = block(h)
loss = F.cross_entropy((norm(h) @ embedding.weight.T).reshape(N * T, V), y)
adam.zero_grad(); loss.backward(); adam.step()
`;

const K = singleKernels();
const model = randomModel(K, decoder(), stream(1, 'model'));
const ids = Int32Array.from(words(stream(1, 'ids'), batch * length), (w) => w % vocabulary);
const targets = Int32Array.from(words(stream(1, 'targets'), batch * length), (w) => w % vocabulary);
const task: Task = {
  model,
  loss: (net) => crossEntropy(net.tape, model.architecture.logits(net, ids, length), targets),
  heldOut: 0,
  heldOutLoss: () => {
    throw new Error('nothing is held out');
  },
};
const adapters = model.architecture.linears
  .filter((path) => /[qv]$/.test(path))
  .map((path) => {
    const A = matrix(
      rank,
      d,
      normals(split(stream(1, 'A'), path), rank * d).map((x) => x / Math.sqrt(d)),
    );
    return { path, A, B: matrix(d, rank), scaling: 2 };
  });
const run = train(K, task, adapters, { steps: 1e6, learningRate: 1e-3, schedule: 'constant', clip: 0 });
run.next();

const ours: Contestant = {
  name: 'lorank',
  round(calls) {
    run.next();
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) run.next();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6 / calls;
  },
};
const hasTorch = spawnSync('python3', ['-c', 'import torch']).status === 0;
await race(
  `a training step, d = ${d}, ${layers} blocks, ${batch}×${length} tokens, LoRA r = ${rank} on q and v, CPU`,
  [ours, hasTorch ? await numpy('PyTorch', torch, step) : undefined],
  { rounds: Number(process.argv[2] ?? 15), calls: 5 },
);
