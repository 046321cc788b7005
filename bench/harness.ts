// Measuring ourselves beside others in one run: rounds are interleaved, so that all see the same machine; a figure is
// the median over rounds, a ratio the median of the rounds' ratios. A peer is a Python process that computes when told.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

export interface Contestant {
  readonly name: string;
  /** Seconds that one call takes: one call to warm up, then the mean of `calls`. */
  round(calls: number): number | Promise<number>;
  /** Work of one call in `unit`s (bytes, operations); the table shows it per second, in 10⁹. */
  readonly work?: number;
  readonly unit?: string;
  close?(): void;
}

export interface Result {
  readonly name: string;
  readonly seconds: readonly number[];
  readonly median: number;
  /** How many times faster than the first contestant. */
  readonly ratio: number;
}

/** A contestant in this process. */
export function ours(name: string, call: () => void, work?: number, unit?: string): Contestant {
  return {
    name,
    work,
    unit,
    round(calls) {
      call();
      const start = performance.now();
      for (let i = 0; i < calls; i++) call();
      return (performance.now() - start) / 1e3 / calls;
    },
  };
}

const driver = `
import sys, time
import numpy as np
scope = {'np': np}
exec(sys.argv[1], scope)
call = compile(sys.argv[2], 'call', 'exec')
print('ready', flush=True)
for line in sys.stdin:
    exec(call, scope)
    calls = int(line)
    start = time.perf_counter()
    for _ in range(calls): exec(call, scope)
    print((time.perf_counter() - start) / calls, flush=True)
`;

export const hasNumpy = (): boolean => spawnSync('python3', ['-c', 'import numpy']).status === 0;

/** A contestant in Python with NumPy (np), on all cores; undefined where there is no NumPy. */
export async function numpy(
  name: string,
  setup: string,
  call: string,
  work?: number,
  unit?: string,
): Promise<Contestant | undefined> {
  if (!hasNumpy()) return undefined;
  // An environment may hold OpenBLAS to an old kernel; the peer shall be the strong one.
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...env } = process.env;
  const threads = String(availableParallelism());
  const child: ChildProcessWithoutNullStreams = spawn('python3', ['-c', driver, setup, call], {
    env: { ...env, OPENBLAS_NUM_THREADS: threads, OMP_NUM_THREADS: threads },
  });
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the peer ${name} ended`);
    return value;
  };
  await line();
  return {
    name,
    work,
    unit,
    async round(calls) {
      child.stdin.write(`${calls}\n`);
      return Number(await line());
    },
    close: () => void child.kill(),
  };
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Runs the contestants round by round and prints a table; ratios are against the first one. */
export async function race(
  title: string,
  contestants: readonly (Contestant | undefined)[],
  { rounds = 9, calls = 3 }: { rounds?: number; calls?: number } = {},
): Promise<Result[]> {
  const present = contestants.filter((contestant) => contestant !== undefined);
  const seconds = present.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++)
    for (const [i, contestant] of present.entries()) {
      // Lets the threads of the one before fall asleep.
      await new Promise((resolve) => setTimeout(resolve, 50));
      seconds[i].push(await contestant.round(calls));
    }
  for (const contestant of present) contestant.close?.();
  const results = present.map(({ name }, i): Result => {
    const ratios = seconds[i].map((s, round) => seconds[0][round] / s);
    return { name, seconds: seconds[i], median: median(seconds[i]), ratio: median(ratios) };
  });
  console.log(`\n${title}`);
  console.log(`${'ms'.padStart(42)} ${'least'.padStart(9)} ${'×'.padStart(7)}`);
  results.forEach(({ name, median: middle, ratio, seconds: all }, i) => {
    const { work, unit } = present[i];
    const rate = work === undefined ? '' : `  ${(work / middle / 1e9).toFixed(1)} G${unit}/s`;
    const ms = (s: number) => (s * 1e3).toFixed(3).padStart(9);
    console.log(`${name.padEnd(32)} ${ms(middle)} ${ms(Math.min(...all))} ${ratio.toFixed(2).padStart(7)}${rate}`);
  });
  return results;
}
