// A small diffusion model: it learns to tell the noise in x = a(u)·image + σ(u)·noise, a = cos(πu/2), σ = sin(πu/2), from x and the
// time u. The image is cut into patches, which are tokens: x = in(patches) + positions + time, blocks of attention among all patches
// and of a GELU layer, and the noise of a patch = out(LayerNorm(x)). The loss is the mean square of its error.
// Pictures are sampled by going from u ≈ 1 to u ≈ 0 along the noise that it tells (DDIM).
// Ho, Jain, Abbeel 2020; Song, Meng, Ermon 2021.

import {
  add,
  attention,
  constant,
  gather,
  gelu,
  layerNorm,
  meanSquare,
  type Node,
  openTape,
  silu,
} from '../autodiff/index.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Float, type Matrix, matrix } from '../matrix.js';
import { fillNormals, normals, pow, type Stream, sincosTurns, split, stream, uniforms } from '../random/index.js';
import { type Config, count, divides } from './config.js';
import { drawShape, type Shape } from './drawings.js';
import { type Architecture, type Model, type Net, openNet, type WeightShape, withArena } from './model.js';
import type { Task } from './train.js';

/** A model that tells noise. */
export interface Denoiser extends Architecture {
  /** Pixels of a side, and of a side of a patch. */
  readonly size: number;
  readonly patch: number;
  /** The noise in X: (n·patches)×(patch²) at the times: n. */
  noise(net: Net, X: Node, times: Float64Array): Node;
}

const FEATURES = 32;

/** config: image_size (default 16), patch_size 4, hidden_size 64, num_hidden_layers 2, num_attention_heads 4. */
export function denoiser(config: Config = {}): Denoiser {
  const size = count(config, 'image_size', 16);
  const patch = count(config, 'patch_size', 4);
  const width = count(config, 'hidden_size', 64);
  const layers = count(config, 'num_hidden_layers', 2);
  const heads = count(config, 'num_attention_heads', 4);
  divides(patch, size, 'patch_size and image_size');
  divides(heads, width, 'num_attention_heads and hidden_size');
  const patches = (size / patch) * (size / patch);

  const shapes: WeightShape[] = [];
  const linears: string[] = [];
  const linear = (path: string, outputs: number, inputs: number, start = 1 / Math.sqrt(inputs)) => {
    linears.push(path);
    shapes.push({ name: `${path}.weight`, shape: [outputs, inputs], start });
    shapes.push({ name: `${path}.bias`, shape: [outputs], start: 'zeros' });
  };
  const norm = (name: string) => {
    shapes.push({ name: `${name}.weight`, shape: [width], start: 'ones' });
    shapes.push({ name: `${name}.bias`, shape: [width], start: 'zeros' });
  };
  shapes.push({ name: 'positions', shape: [patches, width], start: 0.1 });
  linear('in', width, patch * patch);
  linear('time.0', width, FEATURES);
  linear('time.1', width, width);
  const residual = 1 / Math.sqrt(2 * layers * width);
  for (let l = 0; l < layers; l++) {
    norm(`blocks.${l}.norm1`);
    for (const name of ['q', 'k', 'v']) linear(`blocks.${l}.${name}`, width, width);
    linear(`blocks.${l}.o`, width, width, residual);
    norm(`blocks.${l}.norm2`);
    linear(`blocks.${l}.up`, 4 * width, width);
    linear(`blocks.${l}.down`, width, 4 * width, residual / 2);
  }
  norm('norm');
  linear('out', patch * patch, width, 0.1 / Math.sqrt(width));

  function noise(net: Net, X: Node, times: Float64Array): Node {
    const { tape } = net;
    const normed = (name: string, H: Node) =>
      layerNorm(tape, H, net.weight(`${name}.weight`), net.weight(`${name}.bias`), 1e-5);
    const places = Int32Array.from({ length: X.value.rows }, (_, i) => i % patches);
    const images = Int32Array.from({ length: X.value.rows }, (_, i) => Math.floor(i / patches));
    const features = constant(timeFeatures(times, X.value));
    const time = net.linear('time.1', silu(tape, net.linear('time.0', features)));
    let x = add(tape, net.linear('in', X), gather(tape, net.weight('positions'), places));
    x = add(tape, x, gather(tape, time, images));
    for (let l = 0; l < layers; l++) {
      const p = `blocks.${l}`;
      const h = normed(`${p}.norm1`, x);
      const [q, k, v] = ['q', 'k', 'v'].map((name) => net.linear(`${p}.${name}`, h));
      const mixed = attention(tape, q, k, v, { length: patches, heads, causal: false });
      x = add(tape, x, net.linear(`${p}.o`, mixed));
      x = add(tape, x, net.linear(`${p}.down`, gelu(tape, net.linear(`${p}.up`, normed(`${p}.norm2`, x)))));
    }
    return net.linear('out', normed('norm', x));
  }
  const full = {
    model_type: 'lorank-denoiser',
    image_size: size,
    patch_size: patch,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
  };
  return { name: 'denoiser', config: full, shapes, prefix: '', linears, transposed: false, size, patch, noise };
}

/** cos and sin of u at frequencies from ½ to 100 turns. times: n → n×FEATURES, of the kind of `like`. */
function timeFeatures(times: Float64Array, like: Matrix): Matrix {
  const out = zerosLike(like, times.length, FEATURES);
  const both = new Float64Array(2);
  times.forEach((u, i) => {
    for (let f = 0; f < FEATURES / 2; f++) {
      sincosTurns(u * 0.5 * pow(200, f / (FEATURES / 2 - 1)), both);
      out.data[i * FEATURES + 2 * f] = both[0];
      out.data[i * FEATURES + 2 * f + 1] = both[1];
    }
  });
  return out;
}

const zerosLike = ({ data }: Matrix, rows: number, cols: number): Matrix =>
  matrix<Float>(
    rows,
    cols,
    data instanceof Float64Array ? new Float64Array(rows * cols) : new Float32Array(rows * cols),
  );

/** a(u) and σ(u). */
function levels(u: number): { signal: number; noise: number } {
  const both = new Float64Array(2);
  sincosTurns(u / 4, both);
  return { signal: both[1], noise: both[0] };
}

/** Images row by row become rows of patches, or back. */
function patched({ size, patch }: Denoiser, visit: (pixel: number, entry: number) => void): void {
  const side = size / patch;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const token = Math.floor(i / patch) * side + Math.floor(j / patch);
      visit(i * size + j, token * patch * patch + (i % patch) * patch + (j % patch));
    }
}

/** What denoiseTask() takes. */
export interface DenoiseTaskOptions {
  /** What the pictures show. */
  readonly kinds: readonly Shape[];
  /** Pictures in a batch; default 16. */
  readonly batch?: number;
  /** Batches that are held out; default 8. */
  readonly heldOutBatches?: number;
  readonly seed?: number; // default 1
}

/** Noise is drawn anew in every step; that of the held-out pictures is fixed. */
export function denoiseTask(model: Model<Denoiser>, options: DenoiseTaskOptions): Task {
  const { kinds, batch = 16, heldOutBatches = 8, seed = 1 } = options;
  const { architecture } = model;
  const { size, patch } = architecture;
  const pixels = size * size;
  if (kinds.length === 0)
    throw usageError('denoiseTask: kinds should name at least one shape, got none', "try ['disc']");
  const lossOf = (net: Net, random: Stream): Node => {
    const zeros = () => matrix<Float>((batch * pixels) / (patch * patch), patch * patch, numbers(batch * pixels));
    const numbers = (n: number): Float => (model.precision === 'f64' ? new Float64Array(n) : new Float32Array(n));
    const [X, noise] = [zeros(), zeros()];
    const draws = uniforms(split(random, 'time'), batch);
    const times = draws.map((u) => LEAST + (1 - 2 * LEAST) * u);
    for (let b = 0; b < batch; b++) {
      const image = drawShape(split(random, 'image', b), kinds, size);
      const drawn = normals(split(random, 'noise', b), pixels);
      const level = levels(times[b]);
      patched(architecture, (pixel, entry) => {
        noise.data[b * pixels + entry] = drawn[pixel];
        X.data[b * pixels + entry] = level.signal * image[pixel] + level.noise * drawn[pixel];
      });
    }
    return meanSquare(net.tape, architecture.noise(net, constant(X), times), constant(noise));
  };
  return {
    model,
    loss: (net, t) => lossOf(net, stream(seed, 'batch', t)),
    heldOut: heldOutBatches,
    heldOutLoss: (net, i) => ({ loss: lossOf(net, stream(seed, 'held out', i)), weight: 1 }),
  };
}

/** Times keep away from 0 and 1, where there is no noise, or no picture. */
const LEAST = 0.005;

/** Pictures from noise: count×(size²), row by row. steps: default 40. */
export function samplePictures(
  K: Kernels,
  model: Model<Denoiser>,
  random: Stream,
  count: number,
  steps = 40,
): Matrix<Float64Array> {
  const { architecture } = model;
  const { size, patch } = architecture;
  const pixels = size * size;
  const X = matrix(count, pixels);
  fillNormals(random, X.data);
  for (let s = steps; s > 0; s--) {
    const [now, next] = [s, s - 1].map((k) => LEAST + ((1 - 2 * LEAST) * k) / steps);
    const [from, to] = [levels(now), levels(next)];
    withArena(K, model, (arena) => {
      const tape = openTape(K, arena, model.precision);
      const tokens = matrix<Float>(
        (count * pixels) / (patch * patch),
        patch * patch,
        arena.take(model.precision, count * pixels),
      );
      for (let b = 0; b < count; b++)
        patched(architecture, (pixel, entry) => {
          tokens.data[b * pixels + entry] = X.data[b * pixels + pixel];
        });
      const told = architecture.noise(openNet(tape, model), constant(tokens), new Float64Array(count).fill(now)).value;
      for (let b = 0; b < count; b++)
        patched(architecture, (pixel, entry) => {
          const noise = told.data[b * pixels + entry];
          const at = b * pixels + pixel;
          const image = Math.max(-1, Math.min(1, (X.data[at] - from.noise * noise) / from.signal));
          // The noise that goes with the picture as it was clipped.
          X.data[at] = to.signal * image + (to.noise * (X.data[at] - from.signal * image)) / from.noise;
        });
    });
  }
  return X;
}
