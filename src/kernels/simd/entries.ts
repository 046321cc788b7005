// K2 on a machine. Factors whose rows are no whole number of vectors are filled up beside the others.

import type { Float } from '../../matrix.js';
import type { Entries, Kernels } from '../contract.js';
import type { Frame, Machine, Operand } from '../machine.js';
import { aligned } from '../memory.js';
import { entryParts, foldLevels, lanesOf } from '../parts.js';

/** Entries times width under which a pass stays in this thread. */
const SMALL = 2 ** 14;
/** Tasks of entriesApply, and vectors that one task of the fold takes. */
const TASKS = 64;
const CHUNK = 4096;

type EntryKernels = Pick<Kernels, 'entriesApply' | 'entriesGradient'>;

export function simdEntries({ place, space }: Machine): EntryKernels {
  const operandsOf = (E: Entries, U: Float, V: Float): Operand[] =>
    [E.starts, E.columns, U, V].map((array) => ({ array, use: 'in' }));

  function shapeOf(E: Entries, k: number, U: Float) {
    const single = U instanceof Float32Array;
    const n = Math.ceil(k / lanesOf(U));
    const bytes = (single ? 4 : 8) * k;
    const loose = bytes !== 16 * n;
    return { single: Number(single), n, bytes, loose, small: E.columns.length * k < SMALL };
  }

  /** Scratch handed out piece by piece. */
  function pieces(from: number) {
    let next = from;
    return (bytes: number) => {
      const at = next;
      next += aligned(bytes);
      return at;
    };
  }

  return {
    entriesApply(E, k, U, V, out) {
      const { single, n, bytes, loose, small } = shapeOf(E, k, U);
      const { rows, cols } = E;
      const room = loose ? aligned(16 * n * rows) + aligned(16 * n * cols) : 0;
      place([...operandsOf(E, U, V), { array: out, use: 'out' }], room, ({ at, scratch, run, runHere }) => {
        const [starts, columns, u, v, to] = at;
        const piece = pieces(scratch);
        const filled = (from: number, count: number) => {
          if (!loose) return from;
          const there = piece(16 * n * count);
          runHere('entriesPad', 1, count, bytes, 16 * n, from, there);
          return there;
        };
        const [left, right] = [filled(u, rows), filled(v, cols)];
        const chunk = Math.max(1, Math.ceil(rows / TASKS));
        const go = small ? runHere : run;
        go('entriesDots', Math.ceil(rows / chunk), single, n, rows, chunk, starts, columns, left, right, to);
      });
    },

    entriesGradient(E, k, U, V, gU, gV) {
      const { single, n, bytes, loose, small } = shapeOf(E, k, U);
      const { rows, cols } = E;
      const bounds = entryParts(E, k, lanesOf(U));
      const parts = bounds.length - 1;
      const [left, right] = [aligned(16 * n * rows), aligned(16 * n * cols)];
      const room =
        aligned(4 * bounds.length) + aligned(8 * parts) + parts * 16 * n * cols + 64 + (loose ? 2 * left + right : 0);
      const operands: Operand[] = [
        ...operandsOf(E, U, V),
        { array: E.values, use: 'in' },
        { array: gU, use: 'out' },
        { array: gV, use: 'out' },
      ];
      return place(operands, room, ({ at, scratch, segment, run, runHere }: Frame) => {
        const [starts, columns, u, v, values, gu, gv] = at;
        const go = small ? runHere : run;
        const piece = pieces(scratch);
        const cuts = piece(4 * bounds.length);
        space.view('i32', { segment, address: cuts }, bounds.length).set(bounds);
        const losses = piece(8 * parts);
        const partials = piece(parts * 16 * n * cols);
        const filled = (from: number, count: number) => {
          if (!loose) return from;
          const there = piece(16 * n * count);
          runHere('entriesPad', 1, count, bytes, 16 * n, from, there);
          return there;
        };
        const [ul, vl] = [filled(u, rows), filled(v, cols)];
        const gl = loose ? piece(left) : gu;
        go('entriesPart', parts, single, n, cols, cuts, starts, columns, values, ul, vl, gl, partials, losses);
        const vectors = n * cols;
        if (parts > 1) go('entriesFold', Math.ceil(vectors / CHUNK), single, parts, vectors, CHUNK, partials);
        if (loose) runHere('entriesUnpad', 1, rows, bytes, 16 * n, gl, gu);
        runHere('entriesUnpad', 1, cols, bytes, 16 * n, partials, gv);
        const loss = Array.from(space.view('f64', { segment, address: losses }, parts));
        for (const level of foldLevels(parts)) for (const [into, other] of level) loss[into] += loss[other];
        return loss[0];
      });
    },
  };
}
