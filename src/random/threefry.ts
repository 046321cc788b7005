// Threefry 4×32 with 20 rounds: a keyed bijection of 128-bit counters, so that block b of a random sequence is a pure
// function of (key, b) and can be drawn in any order by any thread.
// J. Salmon, M. Moraes, R. Dror, D. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011; its known answers are in
// the tests. Additions, rotations and exclusive-or of 32-bit words only: about 200 million words a second in plain
// JavaScript, four times Philox, whose 64-bit products JavaScript lacks.

/** Four 32-bit words as signed integers. */
export type Words4 = readonly [number, number, number, number];

const PARITY = 0x1bd11bda;
const rotate = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

/** out[0 … 4·blocks) = the words of the counters (c0 + b, c1, c2, c3), b = 0 … blocks−1; c0 + b stays below 2^32. */
export function threefry(key: Words4, counter: Words4, blocks: number, out: Int32Array | Uint32Array): void {
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  let k2 = key[2] | 0;
  let k3 = key[3] | 0;
  let k4 = PARITY ^ k0 ^ k1 ^ k2 ^ k3;
  const start0 = (counter[0] + k0) | 0;
  const start1 = (counter[1] + k1) | 0;
  const start2 = (counter[2] + k2) | 0;
  const start3 = (counter[3] + k3) | 0;
  for (let b = 0; b < blocks; b++) {
    let x0 = (start0 + b) | 0;
    let x1 = start1;
    let x2 = start2;
    let x3 = start3;
    // Each turn is four rounds and a key injection; odd turns have other rotations.
    for (let turn = 1; ; turn++) {
      x0 = (x0 + x1) | 0;
      x1 = rotate(x1, 10) ^ x0;
      x2 = (x2 + x3) | 0;
      x3 = rotate(x3, 26) ^ x2;
      x0 = (x0 + x3) | 0;
      x3 = rotate(x3, 11) ^ x0;
      x2 = (x2 + x1) | 0;
      x1 = rotate(x1, 21) ^ x2;
      x0 = (x0 + x1) | 0;
      x1 = rotate(x1, 13) ^ x0;
      x2 = (x2 + x3) | 0;
      x3 = rotate(x3, 27) ^ x2;
      x0 = (x0 + x3) | 0;
      x3 = rotate(x3, 23) ^ x0;
      x2 = (x2 + x1) | 0;
      x1 = rotate(x1, 5) ^ x2;
      const first = k0;
      k0 = k1;
      k1 = k2;
      k2 = k3;
      k3 = k4;
      k4 = first;
      x0 = (x0 + k0) | 0;
      x1 = (x1 + k1) | 0;
      x2 = (x2 + k2) | 0;
      x3 = (x3 + k3 + turn) | 0;
      if (turn === 5) break;
      turn++;
      x0 = (x0 + x1) | 0;
      x1 = rotate(x1, 6) ^ x0;
      x2 = (x2 + x3) | 0;
      x3 = rotate(x3, 20) ^ x2;
      x0 = (x0 + x3) | 0;
      x3 = rotate(x3, 17) ^ x0;
      x2 = (x2 + x1) | 0;
      x1 = rotate(x1, 11) ^ x2;
      x0 = (x0 + x1) | 0;
      x1 = rotate(x1, 25) ^ x0;
      x2 = (x2 + x3) | 0;
      x3 = rotate(x3, 10) ^ x2;
      x0 = (x0 + x3) | 0;
      x3 = rotate(x3, 18) ^ x0;
      x2 = (x2 + x1) | 0;
      x1 = rotate(x1, 20) ^ x2;
      const second = k0;
      k0 = k1;
      k1 = k2;
      k2 = k3;
      k3 = k4;
      k4 = second;
      x0 = (x0 + k0) | 0;
      x1 = (x1 + k1) | 0;
      x2 = (x2 + k2) | 0;
      x3 = (x3 + k3 + turn) | 0;
    }
    out[4 * b] = x0;
    out[4 * b + 1] = x1;
    out[4 * b + 2] = x2;
    out[4 * b + 3] = x3;
  }
}
