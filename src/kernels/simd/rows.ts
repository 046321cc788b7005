// K1 on a machine. Each part of A (parts.ts) is one block of memory: the packed rows, then room for a pass over it with
// one right-hand side. The vectors are copied to and from there: they are small beside the rows.

import type { Float } from '../../matrix.js';
import type { Kernels, Precision, Rows } from '../contract.js';
import type { Machine } from '../machine.js';
import { aligned, type Place, type Segment } from '../memory.js';
import { BLOCK, foldLevels, paddedCols, paddedRows, rowParts } from '../parts.js';
import type { Call } from '../team.js';

interface Part {
  readonly start: number;
  readonly end: number; // a multiple of BLOCK, beyond m in the last part
  readonly place: Place;
  readonly work: number; // an address
}
interface PackedRows extends Rows {
  readonly parts: readonly Part[];
  readonly x: ReadonlyMap<Segment, number>; // room for x in every segment
}

/** The numbers of rowsPart in assembly/rows.ts. */
const Mode = { apply: 1, residual: 3, adjoint: 4, gradient: 7 };
const arithmeticOf = (A: Rows, arithmetic: Precision) => (A.storage === 'f64' ? 0 : arithmetic === 'f64' ? 1 : 2);

/** A chunk of a block of rows in f64, for a batch. */
const WIDE_BYTES = 2 ** 14;
/** Bytes of rows under which a pass stays in this thread. */
const SMALL = 2 ** 18;
/** Bytes that writeRows takes at once. */
const PIECE = 4 * 2 ** 20;

/** Offsets of what a pass over `rows` rows with c right-hand sides needs beside them. */
function workLayout(rows: number, cols: number, c: number) {
  const g = 0;
  const running = g + aligned(8 * c * cols);
  const r = running + aligned(4 * c * cols);
  const y = r + aligned(8 * c * rows);
  const lanes = y + aligned(8 * c * rows);
  const wide = c > 1 ? WIDE_BYTES : 0; // behind the lanes
  return { g, running, r, y, lanes, bytes: lanes + 128 * c + wide };
}

type RowKernels = Pick<
  Kernels,
  'createRows' | 'writeRows' | 'readRow' | 'rowsApply' | 'rowsAdjoint' | 'rowsGradient' | 'rowsGradientBatch'
>;

export function simdRows({ space, team }: Machine): RowKernels {
  const f64 = (segment: Segment, address: number, length: number) => space.view('f64', { segment, address }, length);

  /** One pass over A with c right-hand sides, X, G: c×p, Y, R: c×m; those that the mode does not name are undefined. */
  function pass(
    A: PackedRows,
    mode: number,
    arithmetic: Precision,
    c: number,
    scale: number,
    { X, Y, R, G }: { X?: Float64Array; Y?: Float64Array; R?: Float64Array; G?: Float64Array },
    works: readonly number[],
    xs: ReadonlyMap<Segment, number>,
  ): void {
    const { rows: m, cols: p, parts } = A;
    const cols = paddedCols(p);
    const kind = arithmeticOf(A, arithmetic);
    if (X)
      for (const [segment, address] of xs) {
        const room = space.view(kind === 2 ? 'f32' : 'f64', { segment, address }, c * cols);
        for (let k = 0; k < c; k++) {
          room.set(X.subarray(k * p, (k + 1) * p), k * cols);
          room.fill(0, k * cols + p, (k + 1) * cols); // what lies there may be NaN, and 0·NaN is
        }
      }
    /** Column k of Z: c×m and its place in every part, and what lies behind it there, beyond m. */
    const rowsOf = (
      Z: Float64Array,
      name: 'r' | 'y',
      copy: (mine: Float64Array, yours: Float64Array, beyond: Float64Array) => void,
    ) =>
      parts.forEach(({ start, end, place }, i) => {
        const address = works[i] + workLayout(end - start, cols, c)[name];
        const stop = Math.min(end, m);
        for (let k = 0; k < c; k++) {
          const room = f64(place.segment, address + 8 * k * (end - start), end - start);
          copy(room.subarray(0, stop - start), Z.subarray(k * m + start, k * m + stop), room.subarray(stop - start));
        }
      });
    const bring = (mine: Float64Array, yours: Float64Array, beyond: Float64Array) => {
      mine.set(yours);
      beyond.fill(0);
    };
    if (Y) rowsOf(Y, 'y', bring);
    if (R && mode === Mode.adjoint) rowsOf(R, 'r', bring);

    const run = A.bytes * c < SMALL ? team.runHere : team.run;
    run(
      parts.map(({ start, end, place: { segment, address } }, i): Call => {
        const at = workLayout(end - start, cols, c);
        const of = (name: 'y' | 'r' | 'g' | 'running' | 'lanes') => works[i] + at[name];
        const x = xs.get(segment)!;
        const blocks = (end - start) / BLOCK;
        const args = [kind, mode, address, blocks, cols, c, x, of('y'), of('r'), of('g'), of('running'), of('lanes')];
        return { segment, name: 'rowsPart', tasks: 1, args: [...args, scale] };
      }),
    );
    if (R && mode !== Mode.adjoint) rowsOf(R, 'r', (mine, yours) => yours.set(mine));
    if (G) fold(A, works, c, scale, G, run);
  }

  /** G = scale · the sum of the parts' gradients, in the fixed tree. */
  function fold(
    { parts, cols: p }: PackedRows,
    works: readonly number[],
    c: number,
    scale: number,
    G: Float64Array,
    run: (calls: readonly Call[]) => void,
  ): void {
    const cols = paddedCols(p);
    const n = c * cols;
    for (const level of foldLevels(parts.length)) {
      const calls = level.map(([into, from]): Call => {
        const { segment } = parts[into].place;
        let source = works[from];
        if (parts[from].place.segment !== segment) {
          source = space.scratch(8 * n, segment).address;
          f64(segment, source, n).set(f64(parts[from].place.segment, works[from], n));
        }
        return { segment, name: 'rowsAdd', tasks: 1, args: [works[into], source, n] };
      });
      run(calls);
    }
    const { segment } = parts[0].place;
    team.runHere([{ segment, name: 'rowsScale', tasks: 1, args: [works[0], n, scale] }]);
    const sum = f64(segment, works[0], n);
    for (let k = 0; k < c; k++) G.set(sum.subarray(k * cols, k * cols + p), k * p);
  }

  const single = (
    A: Rows,
    mode: number,
    arithmetic: Precision,
    scale: number,
    vectors: { X?: Float64Array; Y?: Float64Array; R?: Float64Array; G?: Float64Array },
  ) => {
    const packed = A as PackedRows;
    const works = packed.parts.map(({ work }) => work);
    space.scoped(() => pass(packed, mode, arithmetic, 1, scale, vectors, works, packed.x));
  };

  const gradient: Kernels['rowsGradient'] = (A, scale, x, y, r, g, arithmetic) =>
    single(A, Mode.gradient, arithmetic, scale, { X: x, Y: y, R: r, G: g });

  const oneByOne: Kernels['rowsGradientBatch'] = (A, c, scale, X, Y, R, G, arithmetic) => {
    const { rows: m, cols: p } = A;
    for (let k = 0; k < c; k++) {
      const of = (Z: Float64Array, n: number) => Z.subarray(k * n, (k + 1) * n);
      gradient(A, scale, of(X, p), of(Y, m), of(R, m), of(G, p), arithmetic);
    }
  };

  return {
    createRows(m, p, storage): PackedRows {
      const cols = paddedCols(p);
      const size = storage === 'f64' ? 8 : 4;
      const starts = rowParts(m, p, storage);
      const parts = starts.slice(1).map((end, k): Part => {
        const rows = end - starts[k];
        const packed = aligned(rows * cols * size);
        const place = space.reserve(packed + workLayout(rows, cols, 1).bytes);
        return { start: starts[k], end, place, work: place.address + packed };
      });
      const segments = new Set(parts.map(({ place }) => place.segment));
      const x = new Map(Array.from(segments, (segment) => [segment, space.reserve(8 * cols, segment).address]));
      return { rows: m, cols: p, storage, bytes: paddedRows(m) * cols * size, parts, x };
    },

    writeRows(A, i, values) {
      const { cols: p, parts } = A as PackedRows;
      if (p === 0) return;
      // In pieces that stay in the cache, and that end where a part or a block does.
      const most = Math.max(BLOCK, BLOCK * Math.floor(PIECE / (8 * BLOCK * p)));
      const last = i + values.length / p;
      for (let row = i; row < last; ) {
        const part = parts.find(({ end }) => row < end)!;
        const stop = Math.min(last, part.end, row - (row % BLOCK) + (row % BLOCK ? BLOCK : most));
        writePiece(A as PackedRows, part, row, values.subarray((row - i) * p, (stop - i) * p));
        row = stop;
      }
    },

    readRow(A, i, out) {
      const { parts, cols: p, storage } = A as PackedRows;
      const { place, start, end } = parts.find((part) => i < part.end)!;
      const width = storage === 'f64' ? 2 : 4;
      const cols = paddedCols(p);
      const data: Float = space.view(storage, place, (end - start) * cols);
      const at = Math.floor((i - start) / BLOCK) * BLOCK * cols + (i % BLOCK) * width;
      for (let j = 0; j < p; j++) out[j] = data[at + (j - (j % width)) * BLOCK + (j % width)];
    },

    rowsApply: (A, x, out, arithmetic) => single(A, Mode.apply, arithmetic, 1, { X: x, R: out }),
    rowsAdjoint: (A, r, out, arithmetic) => single(A, Mode.adjoint, arithmetic, 1, { R: r, G: out }),
    rowsGradient: gradient,

    rowsGradientBatch(A, c, scale, X, Y, R, G, arithmetic) {
      const packed = A as PackedRows;
      const cols = paddedCols(A.cols);
      const needed = new Map<Segment, number>();
      for (const { start, end, place } of packed.parts) {
        const { bytes } = workLayout(end - start, cols, c);
        needed.set(place.segment, (needed.get(place.segment) ?? 16 * c * cols + 128) + aligned(bytes));
      }
      if (!Array.from(needed).every(([segment, bytes]) => space.hasRoom(segment, bytes)))
        return oneByOne(A, c, scale, X, Y, R, G, arithmetic);
      space.scoped(() => {
        const works = packed.parts.map(({ start, end, place }) => {
          return space.scratch(workLayout(end - start, cols, c).bytes, place.segment).address;
        });
        const x = new Map(Array.from(packed.x.keys(), (s) => [s, space.scratch(8 * c * cols, s).address]));
        pass(packed, Mode.gradient, arithmetic, c, scale, { X, Y, R, G }, works, x);
      });
    },
  };

  /** values: rows from row on of one part; whole blocks and a rest, or rows of one block. */
  function writePiece({ cols: p, storage }: PackedRows, { start, place }: Part, row: number, values: Float): void {
    const { segment } = place;
    const size = storage === 'f64' ? 8 : 4;
    const cols = paddedCols(p);
    const rows = values.length / p;
    const block = place.address + Math.floor((row - start) / BLOCK) * BLOCK * cols * size;
    const blocks = row % BLOCK ? 0 : Math.floor(rows / BLOCK);
    const whole = blocks * BLOCK;
    const run = values.length * size < SMALL ? team.runHere : team.run;
    space.scoped(() => {
      const source = staged(values, storage, segment);
      if (blocks > 0) run([{ segment, name: 'rowsPack', tasks: blocks, args: [source, p, cols, size, block] }]);
      if (whole < rows) {
        const args = [source + whole * p * size, p, size, block + whole * cols * size, row % BLOCK];
        team.runHere([{ segment, name: 'rowsPackOne', tasks: rows - whole, args }]);
      }
    });
  }

  /** The address of values in the segment, as numbers of the storage. */
  function staged(values: Float, storage: Precision, segment: Segment): number {
    const place = space.locate(values);
    const same = (storage === 'f64') === values instanceof Float64Array;
    if (same && place?.segment === segment) return place.address;
    const copy = space.scratch(values.length * (storage === 'f64' ? 8 : 4), segment);
    space.view(storage, copy, values.length).set(values);
    return copy.address;
  }
}
