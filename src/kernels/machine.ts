// What the wrappers in simd/ are built from: memory, a team, and the placing of operands.

import type { Segment, Space } from './memory.js';
import { aligned, createSpace } from './memory.js';
import type { Team } from './team.js';

/** How a kernel uses an array: 'in' reads it, 'out' overwrites it, 'inout' does both. */
export interface Operand {
  readonly array: ArrayBufferView;
  readonly use: 'in' | 'out' | 'inout';
}

export interface Frame {
  /** The memory in which all operands now lie. */
  readonly segment: Segment;
  /** The addresses of the operands, in their order. */
  readonly at: readonly number[];
  /** The address of the scratch bytes, with anything in them. */
  readonly scratch: number;
  /** Runs tasks 0 … tasks−1 of a kernel on the team: kernel(task, thread, ...args). */
  run(name: string, tasks: number, ...args: number[]): void;
  /** The same in this thread alone, for work shorter than about 20 µs. */
  runHere(name: string, tasks: number, ...args: number[]): void;
}

export interface Machine {
  readonly space: Space;
  readonly team: Team;
  /** Runs body with all operands in one memory: those elsewhere are copied in, and out again where they are written. */
  place<T>(operands: readonly Operand[], scratchBytes: number, body: (frame: Frame) => T): T;
}

/** All operands in one memory: in that of the largest one already in kernel memory, where there is room for the rest. */
function lay(space: Space, operands: readonly Operand[], scratchBytes: number) {
  const located = operands.map(({ array }) => space.locate(array));
  const bytes = operands.map(({ array }) => aligned(array.byteLength));
  const largest = bytes.reduce((best, size, i) => (located[i] && size > (bytes[best] ?? -1) ? i : best), -1);
  const home = located[largest]?.segment;
  const abroad = (segment?: Segment) => bytes.reduce((sum, n, i) => sum + (located[i]?.segment === segment ? 0 : n), 0);
  const everything = bytes.reduce((sum, n) => sum + n, 0);
  const needed = aligned(scratchBytes) + (home ? abroad(home) : everything);
  const { segment, address } =
    home && space.hasRoom(home, needed)
      ? space.scratch(needed, home)
      : space.scratch(aligned(scratchBytes) + everything);
  let next = address + aligned(scratchBytes);
  const at = operands.map((_, i) => {
    const place = located[i];
    if (place?.segment === segment) return place.address;
    next += bytes[i];
    return next - bytes[i];
  });
  return { segment, at, scratch: address, copied: at.map((_, i) => located[i]?.segment !== segment) };
}

export function createMachine(team: Team, shared: boolean): Machine {
  const space = createSpace(shared, (segment) => team.open(segment));
  return {
    space,
    team,
    place: (operands, scratchBytes, body) =>
      space.scoped(() => {
        const { segment, at, scratch, copied } = lay(space, operands, scratchBytes);
        const twin = (i: number) => space.view('u8', { segment, address: at[i] }, operands[i].array.byteLength);
        operands.forEach(({ array, use }, i) => {
          if (copied[i] && use !== 'out') twin(i).set(bytesOf(array));
        });
        const result = body({
          segment,
          at,
          scratch,
          run: (name, tasks, ...args) => team.run([{ segment, name, tasks, args }]),
          runHere: (name, tasks, ...args) => team.runHere([{ segment, name, tasks, args }]),
        });
        operands.forEach(({ array, use }, i) => {
          if (copied[i] && use !== 'in') bytesOf(array).set(twin(i));
        });
        return result;
      }),
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);
