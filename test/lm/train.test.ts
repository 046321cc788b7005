// Training: what it does to a loss, that it can be gone on from, and what adapters can reach.

import { afterAll, describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/contract.js';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { frobenius } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import {
  type AdapterStart,
  compressedDeepStart,
  narrowDeepStart,
  type Pair,
  pairOf,
  sizeOfLinear,
  weightGradients,
} from '../../src/lm/adapters.js';
import { schedule } from '../../src/lm/schedule.js';
import { startAdapters } from '../../src/lm/starts.js';
import { heldOutLoss, type Task, train } from '../../src/lm/train.js';
import type { InitMethod } from '../../src/lora/starts.js';
import { copy, matrix, transpose } from '../../src/matrix.js';
import { normals, stream } from '../../src/random/index.js';
import { adamw, clipNorm } from '../../src/rules/adamw.js';
import { noraPlus } from '../../src/rules/noraPlus.js';
import type { Checkpoint } from '../../src/stream.js';
import { finish } from '../../src/stream.js';
import { lowRank } from '../../src/truth/lowRank.js';
import { close } from '../close.js';
import { reference } from '../kernels/builds.js';
import { fitTask, onModel, smallTask } from './tasks.js';

const K = singleKernels();
const pool = await startKernels({ threads: 2 });
afterAll(() => pool.close());

const random = stream(3, 'test');
const targets = ['q_proj', 'v_proj'];
const startOf = async (on: Kernels, task: Task): Promise<readonly Pair[]> =>
  (await startAdapters(on, task.model, { method: 'kaiming', rank: 2, alpha: 4, targets })).chains as Pair[];

describe('AdamW', () => {
  it('takes the steps of PyTorch within 1e-14', () => {
    // torch.optim.AdamW(lr=0.1, betas=(0.9, 0.95), eps=1e-3, weight_decay=0.2), gradients (0.5, −0.1·t, 0), torch 2.13, f64
    const expected = [
      [0.8801996007984032, -1.8609900990099009, 0.49],
      [0.7627952095808384, -1.728569235657902, 0.48019999999999996],
      [0.6477389061876248, -1.5999758512065272, 0.47059599999999996],
    ];
    const state = { theta: Float64Array.of(1, -2, 0.5), m: new Float64Array(3), v: new Float64Array(3) };
    for (let t = 1; t <= 3; t++) {
      const gradient = Float64Array.of(0.5, -0.1 * t, 0);
      adamw({ ...state, gradient }, t, { learningRate: 0.1, betas: [0.9, 0.95], epsilon: 1e-3, weightDecay: 0.2 });
      close(state.theta, expected[t - 1], { rtol: 1e-14 });
    }
  });
  it('clips a gradient to a norm, and leaves a shorter one', () => {
    const g = Float64Array.of(3, 4);
    expect(clipNorm(g, 1)).toBe(5);
    close(g, [0.6, 0.8], { rtol: 1e-15 });
    clipNorm(g, 2);
    close(g, [0.6, 0.8], { rtol: 1e-15 });
  });
});

describe('the schedule', () => {
  const of = (kind: 'constant' | 'linear' | 'cosine') => [1, 2, 3, 4, 5, 6].map((t) => schedule(kind, t, 6, 2));
  it('rises along a line, then stays, or falls along a line or half a cosine', () => {
    close(of('constant'), [0.5, 1, 1, 1, 1, 1], { atol: 1e-15 });
    close(of('linear'), [0.5, 1, 1, 0.75, 0.5, 0.25], { atol: 1e-15 });
    close(of('cosine'), [0.5, 1, 1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2], { atol: 1e-15 });
  });
});

describe('a run', () => {
  const options = { steps: 12, learningRate: 1e-2, warmup: 3, evaluateEvery: 4, weightDecay: 0.1 };

  it('of all weights halves the loss of a small text in 60 steps, and leaves the model as it was', () => {
    const task = smallTask(K);
    const before = heldOutLoss(K, task);
    const { rows, weights, outcome } = finish(
      train(K, task, 'all', { steps: 60, learningRate: 1e-2, evaluateEvery: 60 }),
    );
    expect(outcome).toBe('converged');
    expect(rows.length).toBe(61);
    expect(rows[0].heldOut).toBe(before);
    expect(rows[60].heldOut).toBeLessThan(before / 2);
    expect(heldOutLoss(K, task)).toBe(before);
    expect([...weights.keys()]).toEqual([...task.model.weights.keys()]);
  });

  it.each(['f32', 'f64'] as const)('has equal bits on the reference, one thread and two, in %s', async (precision) => {
    const on = async (kernels: Kernels) => {
      const task = smallTask(kernels, precision);
      return finish(train(kernels, task, await startOf(kernels, task), { ...options, preconditioner: 'authors' }));
    };
    const expected = await on(reference);
    for (const kernels of [K, pool]) expect(await on(kernels)).toEqual(expected);
  });

  it('goes on from any checkpoint with the same bits', async () => {
    const task = smallTask(K);
    const start = await startOf(K, task);
    const kept: Checkpoint[] = [];
    const whole = train(K, task, start, options);
    let next = whole.next();
    for (; !next.done; next = whole.next()) kept.push(next.value.checkpoint());
    for (const at of [0, 1, 7, 12]) expect(finish(train(K, task, start, options, kept[at]))).toEqual(next.value);
  });

  it('uses the memory of the one before', async () => {
    const task = smallTask(K);
    const start = await startOf(K, task);
    const held = () => task.model.arenas.reduce((sum, arena) => sum + arena.bytes(), 0);
    finish(train(K, task, start, options));
    const first = held();
    finish(train(K, task, start, options));
    expect(held()).toBe(first);
  });

  it('that is not finite ends as diverged', async () => {
    const task = smallTask(K);
    const { outcome, rows } = finish(train(K, task, 'all', { steps: 50, learningRate: 1e30, clip: 0 }));
    expect(outcome).toBe('diverged');
    expect(rows.length).toBeLessThan(50);
  });

  it('refuses what does not fit', async () => {
    const task = smallTask(K);
    const [pair] = await startOf(K, task);
    const begin = (what: AdapterStart[], more = {}) => train(K, task, what, { ...options, ...more }).next();
    expect(() => begin([{ ...pair, path: 'x' }])).toThrow("the model has no linear layer 'x'");
    expect(() => begin([{ ...pair, A: pair.B }])).toThrow(
      "the factors of 'model.layers.0.self_attn.q_proj' should lead from 16 to 16",
    );
    expect(() => begin([pair, pair])).toThrow('one adapter a layer');
    expect(() => begin([pair], { steps: -1 })).toThrow('steps should be a whole number of at least 0, got -1');
    expect(() => begin([pair], { learningRate: 0 })).toThrow('learningRate should be a positive number, got 0');
  });
});

describe('a start', () => {
  it.each(['pissa', 'olora', 'milora', 'orthogonal', 'nystrom'] as const)(
    'by %s has the held-out loss of the model within 1e-6',
    async (method) => {
      const task = smallTask(K);
      const { model, chains } = await startAdapters(K, task.model, { method, rank: 4, alpha: 8 });
      const { rows } = finish(train(K, onModel(task, model), chains, { steps: 0, learningRate: 1 }));
      close(rows[0].heldOut!, heldOutLoss(K, task), { rtol: 1e-6 });
      expect(model === task.model).toBe(/orthogonal|nystrom/.test(method));
    },
  );
});

describe('the preconditioner', () => {
  it('is noraPlus of the gradient before clipping and AdamW: a step of size η in the sign of its direction', () => {
    // The first AdamW step is η·sign(g) entry by entry; at step 0 only the gradient of B is changed, and that of A is zero.
    const W = matrix(6, 5, normals(stream(1, 'W'), 30));
    const task = fitTask(K, W, matrix(6, 5));
    // Two nearly parallel rows, and columns: the preconditioner turns what it is given.
    const near = (length: number, at: (i: number) => boolean) =>
      normals(stream(1, 'pair'), length).map((x, i, all) => (at(i) ? 0.2 * x : 0) + all[at(i) ? i - 1 : i]);
    const B = matrix(
      6,
      2,
      near(12, (i) => i % 2 === 1),
    );
    const A = matrix(
      2,
      5,
      copy(
        transpose(
          matrix(
            5,
            2,
            near(10, (i) => i % 2 === 1),
          ),
        ),
      ).data,
    );
    const pair = { path: 'layer', A, B, scaling: 1 };
    const step = (preconditioner?: 'authors' | 'riemannian') => {
      const run = train(K, task, [pair], { steps: 1, learningRate: 1e-3, preconditioner, clip: 0 });
      const [a, b] = finish(run).adapters[0].factors;
      return { A: copy(a).data.map((x, i) => x - A.data[i]), B: copy(b).data.map((x, i) => x - B.data[i]) };
    };
    // d/dW of the mean of (W + BA)²
    const G = multiply(K, B, A);
    for (let i = 0; i < 30; i++) G.data[i] = ((G.data[i] + W.data[i]) * 2) / 30;
    const gradient = { A: multiply(K, transpose(B), G), B: multiply(K, G, transpose(A)) };
    const direction = noraPlus(K, { A, B }, gradient, 0);
    const sign = (of: Float64Array) => of.map((x) => -1e-3 * Math.sign(x));
    close(step('authors').B, sign(copy(direction.B).data), { atol: 1e-5 });
    close(step('authors').A, sign(gradient.A.data), { atol: 1e-5 });
    close(step().B, sign(gradient.B.data), { atol: 1e-5 });
    expect(copy(direction.B).data.map(Math.sign)).not.toEqual(gradient.B.data.map(Math.sign));
    expect(step('riemannian').A.map(Math.sign)).not.toEqual(step('authors').A.map(Math.sign));
  });
});

describe('Deep LoRA', () => {
  it('compressed starts at ε³ with orthonormal outer factors, and moves them γ times as far', () => {
    const task = smallTask(K);
    const path = 'model.layers.0.self_attn.q_proj';
    const G = weightGradients(K, task, [path]).get(path)!;
    const start = compressedDeepStart(K, path, G, random, { rank: 4, initScale: 0.5, outerSpeed: 0.01 });
    expect(start.factors.map(({ rows, cols }) => [rows, cols])).toEqual([
      [4, 16],
      [4, 4],
      [4, 4],
      [4, 4],
      [16, 4],
    ]);
    const { A, B } = pairOf(K, start);
    close(frobenius(multiply(K, B, A)), 2 * 0.5 ** 3, { rtol: 1e-5 });
    const { adapters } = finish(train(K, task, [start], { steps: 1, learningRate: 1e-2 }));
    const moved = adapters[0].factors.map((F, l) => {
      const [now, then] = [copy(F).data, copy(start.factors[l]).data];
      return Math.max(...now.map((x, i) => Math.abs(x - then[i])));
    });
    close(moved, [1e-4, 1e-2, 1e-2, 1e-2, 1e-4], { rtol: 0.02 });
  });
  it('the gradient that names its subspace is that of the weight: a small step along it lowers the loss', () => {
    const task = smallTask(K, 'f64');
    const path = 'model.layers.1.mlp.down_proj';
    const G = weightGradients(K, task, [path]).get(path)!;
    const { outputs, inputs } = sizeOfLinear(task.model, path);
    expect([G.rows, G.cols]).toEqual([outputs, inputs]);
    // as an adapter: B = −h·G, A = I
    const A = matrix(inputs, inputs);
    for (let i = 0; i < inputs; i++) A.data[i * inputs + i] = 1;
    const at = (h: number) => {
      const B = matrix(
        outputs,
        inputs,
        G.data.map((g) => -h * g),
      );
      return finish(
        train(
          K,
          { ...task, heldOut: 1, heldOutLoss: (net) => ({ loss: task.loss(net, 0), weight: 1 }) },
          [{ path, A, B, scaling: 1 }],
          { steps: 0, learningRate: 1 },
        ),
      ).rows[0].heldOut!;
    };
    const square = frobenius(G) ** 2;
    close((at(1e-4) - at(-1e-4)) / 2e-4, -square, { rtol: 1e-6 });
  });
  it('narrow has factors ε times orthonormal', () => {
    const { factors } = narrowDeepStart(K, 'layer', { outputs: 7, inputs: 6 }, random, { rank: 3, initScale: 0.5 });
    expect(factors.map(({ rows, cols }) => [rows, cols])).toEqual([
      [3, 6],
      [3, 3],
      [7, 3],
    ]);
    for (const F of factors) close(frobenius(F), 0.5 * Math.sqrt(3), { rtol: 1e-12 });
  });
});

describe('reachability: W₀ + ΔW of rank 8 fitted by rank 8 in 300 steps of Adam', () => {
  const W = formed(K, lowRank(K, { rows: 60, cols: 48, rank: 48, condition: 30 }, stream(1, 'W0')).X);
  const change = formed(K, lowRank(K, { rows: 60, cols: 48, rank: 8, condition: 2 }, stream(2, 'change')).X);
  const size = frobenius(W) / frobenius(change);
  const goal = matrix(
    60,
    48,
    W.data.map((w, i) => w + 0.3 * size * change.data[i]),
  );
  const best = async (method: InitMethod) => {
    const task = fitTask(K, W, goal);
    const zero = heldOutLoss(K, task);
    const { model, chains } = await startAdapters(K, task.model, { method, rank: 8, alpha: 8, targets: ['layer'] });
    let least = Number.POSITIVE_INFINITY;
    for (const learningRate of [3e-3, 1e-2, 3e-2, 1e-1]) {
      const { rows } = finish(
        train(K, onModel(task, model), chains, { steps: 300, learningRate, clip: 0, schedule: 'cosine' }),
      );
      least = Math.min(least, rows[300].heldOut! / zero);
    }
    return least;
  };
  it.each(['nystrom', 'kaiming'] as const)('%s: loss ≤ 1e-2 of the first one', async (method) =>
    expect(await best(method)).toBeLessThanOrEqual(1e-2),
  );
  it.each(['pissa', 'olora'] as const)('%s, whose frozen rest cannot follow: ≥ 0.5', async (method) =>
    expect(await best(method)).toBeGreaterThanOrEqual(0.5),
  );
});
