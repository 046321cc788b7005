// Normal numbers by the ziggurat: the area under f(x) = exp(−x²/2), x ≥ 0, is covered by 256 layers of equal area V. Layer
// i > 0 is the rectangle [0, X_i] × [f(X_i), f(X_{i+1})]; layer 0 is the rectangle [0, R] × [0, f(R)] and the tail beyond R.
// A draw picks a layer by 8 bits and x in it by 56; nearly always (99 %) |x| < X_{i+1} and x is under the curve. Otherwise
// `edge` decides with numbers of its own, addressed by the same index, so that number j never depends on number j−1.
// G. Marsaglia, W. Tsang, The ziggurat method for generating random variables, J. Stat. Soft. 5 (2000).

import type { Float } from '../matrix.js';
import { exp, log } from './elementary.js';
import { drawBlocks, KIND, type Stream } from './stream.js';

const LAYERS = 256;
const R = 3.654152885361009; // where 256 equal layers end at f = 1
const V = 0.004928673233974655; // R·f(R) + the area of the tail

const density = (x: number): number => exp(-0.5 * x * x);

// Layer 0 is seen as a rectangle of area V and height f(R); a point of it beyond R stands for a point of the tail.
const X = new Float64Array(LAYERS + 1);
X[0] = V / density(R);
X[1] = R;
for (let i = 2; i < LAYERS; i++) X[i] = Math.sqrt(-2 * log(V / X[i - 1] + density(X[i - 1])));
const F = X.map(density);
const WIDTH = X.map((x) => x / 36028797018963968); // 2^55: x = signed 56-bit integer × WIDTH

const SCRATCH = new Int32Array(1024); // 512 numbers
const EDGE = new Int32Array(4);

/** Normal numbers with mean 0 and variance 1: numbers start, start+1, … of the stream, rounded to f32 where out is f32. */
export function fillNormals(s: Stream, out: Float, start = 0): void {
  for (let done = 0; done < out.length; ) {
    const skip = (start + done) % 2;
    const blocks = Math.min(256, Math.ceil((out.length - done + skip) / 2));
    drawBlocks(s, KIND.normals, Math.floor((start + done) / 2), blocks, SCRATCH);
    const n = Math.min(2 * blocks - skip, out.length - done);
    for (let i = 0, t = 2 * skip; i < n; i++, t += 2) {
      const layer = SCRATCH[t] & 255;
      const x = place(layer, SCRATCH[t], SCRATCH[t + 1]);
      out[done + i] = Math.abs(x) < X[layer + 1] ? x : edge(s, start + done + i, layer, x);
    }
    done += n;
  }
}

/** A point of [−X_layer, X_layer): the sign and 23 bits of `high` and the 32 of `low`. */
const place = (layer: number, high: number, low: number): number =>
  ((high >> 8) * 4294967296 + (low >>> 0)) * WIDTH[layer];

/** Number j, whose first draw x fell outside the part of its layer that is surely under the curve. */
function edge(s: Stream, j: number, layer: number, x: number): number {
  for (let block = 32 * j; ; block++) {
    drawBlocks(s, KIND.edges, block, 1, EDGE);
    const u = unit(EDGE[2]);
    if (layer === 0) {
      // The tail, by Marsaglia: R + e with e exponential of rate R, accepted with probability exp(−e²/2).
      const e = -log(unit(EDGE[3])) / R;
      if (-2 * log(u) > e * e) return x < 0 ? -R - e : R + e;
    } else {
      if (F[layer] + u * (F[layer + 1] - F[layer]) < density(x)) return x;
      layer = EDGE[0] & 255;
      x = place(layer, EDGE[0], EDGE[1]);
      if (Math.abs(x) < X[layer + 1]) return x;
    }
  }
}

/** A word as a number in (0, 1). */
const unit = (word: number): number => ((word >>> 0) + 0.5) / 4294967296;

/** The first n normal numbers. */
export function normals(s: Stream, n: number): Float64Array {
  const out = new Float64Array(n);
  fillNormals(s, out);
  return out;
}
