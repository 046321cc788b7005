// Signs on a machine. Any thread may take any rows of A x and any columns of Aᵀ r: no sum is split between threads.

import type { Kernels, SignRows } from '../contract.js';
import type { Machine } from '../machine.js';
import type { Place } from '../memory.js';
import type { Call } from '../team.js';

interface PackedSigns extends SignRows {
  readonly place: Place; // [group of 64 columns][row][2 words]
}
const groupsOf = (A: SignRows): number => Math.ceil(A.cols / 64);

/** Bytes of tables or buckets of one thread. */
const TABLES = 16512;
/** Signs under which a pass stays in this thread. */
const SMALL = 2 ** 17;

type SignKernels = Pick<Kernels, 'createSigns' | 'writeSigns' | 'signsApply' | 'signsAdjoint' | 'signsGradient'>;

export function simdSigns({ space, team }: Machine): SignKernels {
  /** Room for x: 64·groups, r: m and g: 64·groups beside A, and the two kernels between them. */
  function beside(A: SignRows, body: (room: ReturnType<typeof layOut>) => void): void {
    space.scoped(() => body(layOut(A as PackedSigns)));
  }

  function layOut(A: PackedSigns) {
    const { rows: m, place } = A;
    const { segment, address } = place;
    const groups = groupsOf(A);
    const tables = space.scratch(TABLES * team.threads, segment).address;
    const vector = (length: number) => {
      const at = space.scratch(8 * length, segment);
      return { at: at.address, numbers: space.view('f64', at, length) };
    };
    const [x, r, g] = [vector(64 * groups), vector(m), vector(64 * groups)];
    x.numbers.fill(0, A.cols);
    const run = (call: Omit<Call, 'segment'>) => (m * A.cols < SMALL ? team.runHere : team.run)([{ segment, ...call }]);
    const share = Math.ceil(m / team.threads);
    return {
      x: x.numbers,
      r: r.numbers,
      g: g.numbers,
      /** r = A x. */
      apply: () =>
        run({ name: 'signsApply', tasks: team.threads, args: [address, m, groups, share, x.at, r.at, tables] }),
      /** g = scale·Aᵀ r. */
      adjoint: (scale: number) =>
        run({ name: 'signsAdjoint', tasks: groups, args: [address, m, scale, r.at, g.at, tables] }),
    };
  }

  return {
    createSigns(m, p): PackedSigns {
      const bytes = 8 * m * Math.ceil(p / 64);
      return { rows: m, cols: p, bytes, place: space.reserve(bytes) };
    },

    writeSigns(A, i, words) {
      const width = Math.ceil(A.cols / 32);
      const packed = space.view('u32', (A as PackedSigns).place, A.bytes / 4);
      for (let w = 0; w < width; w++) {
        let to = 2 * ((w >> 1) * A.rows + i) + (w & 1);
        for (let from = w; from < words.length; from += width, to += 2) packed[to] = words[from];
      }
    },

    signsApply: (A, x, out) =>
      beside(A, (room) => {
        room.x.set(x);
        room.apply();
        out.set(room.r);
      }),

    signsAdjoint: (A, r, out) =>
      beside(A, (room) => {
        room.r.set(r);
        room.adjoint(1);
        out.set(room.g.subarray(0, A.cols));
      }),

    signsGradient: (A, scale, x, y, r, g) =>
      beside(A, (room) => {
        room.x.set(x);
        room.apply();
        for (let i = 0; i < A.rows; i++) room.r[i] = scale * room.r[i] - y[i];
        room.adjoint(scale);
        r.set(room.r);
        g.set(room.g.subarray(0, A.cols));
      }),
  };
}
