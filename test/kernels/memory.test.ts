import { describe, expect, it } from 'vitest';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { createMachine } from '../../src/kernels/machine.js';
import { createSpace } from '../../src/kernels/memory.js';
import type { Team } from '../../src/kernels/team.js';

describe.each([true, false])('memory, shared: %s', (shared) => {
  it('a view stays valid while memory grows and new memories are opened', () => {
    const space = createSpace(shared, () => {});
    const first = space.allocate('f64', 1000);
    first.fill(7);
    const more = Array.from({ length: 6 }, () => space.allocate('u8', 40e6));
    for (const [i, array] of more.entries()) array.fill(i);
    first[3] = 8;
    expect(first.length).toBe(1000);
    expect(first[3] + first[999]).toBe(15);
    expect(space.view('f64', space.locate(first)!, 1000)[3]).toBe(8);
    for (const [i, array] of more.entries()) expect(array[39e6]).toBe(i);
    expect(space.segments.length).toBe(shared ? 1 : 6);
  });

  it('what a scope allocated is free after it, and zero when it is handed out again', () => {
    const space = createSpace(shared, () => {});
    const kept = space.allocate('f64', 10);
    const addresses = [1, 2].map(() =>
      space.scoped(() => {
        const array = space.allocate('f64', 1e6);
        expect(array.every((v) => v === 0)).toBe(true);
        array.fill(1);
        kept[0]++;
        return space.locate(array)!.address;
      }),
    );
    expect(addresses[0]).toBe(addresses[1]);
    expect(kept[0]).toBe(2);
    expect(() => space.scoped(() => fail())).toThrow('body');
  });

  it('operands in several memories are brought into one, and results go back to where they belong', () => {
    const team: Team = { threads: 1, run() {}, runHere() {}, open() {}, close() {} };
    const { space, place } = createMachine(team, shared);
    const big = space.allocate('f64', 1000).fill(1);
    space.allocate('u8', shared ? 3 * 2 ** 30 - 1e6 : 20e6);
    const far = space.allocate('u8', 40e6).subarray(0, 800);
    far.fill(5);
    const outside = new Float64Array(10).fill(3);
    expect(space.locate(far)!.segment).not.toBe(space.locate(big)!.segment);
    expect(space.locate(outside)).toBeUndefined();
    const uses = [
      { array: big, use: 'inout' },
      { array: far, use: 'inout' },
      { array: outside, use: 'in' },
    ] as const;
    place(uses, 100, ({ segment, at, scratch }) => {
      expect(segment).toBe(space.locate(big)!.segment);
      expect(at[0]).toBe(big.byteOffset);
      expect(scratch % 16).toBe(0);
      const view = (i: number, length: number) => space.view('f64', { segment, address: at[i] }, length);
      expect(view(2, 10)).toEqual(outside);
      view(0, 1000)[1] = 2;
      view(2, 10)[1] = 9;
      space.view('u8', { segment, address: at[1] }, 800)[799] = 6;
    });
    expect([big[1], far[799], far[798], outside[1]]).toEqual([2, 6, 5, 3]);
  });

  it('a request for more than a memory can hold is refused with the next step', () => {
    const space = createSpace(shared, () => {});
    expect(() => space.reserve(5e9)).toThrow('got a request for 4.7 GiB');
  });
});

function fail(): never {
  throw new Error('body');
}

it('kernels take arrays of any origin', async () => {
  for (const K of [singleKernels(), await startKernels({ threads: 2 })]) {
    const x = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    K.hadamard(x.subarray(4));
    expect(Array.from(x)).toEqual([1, 2, 3, 4, 26, -2, -4, 0]);
    K.close();
  }
});
