// The work of lorank demo: three runs of plain gradient descent on factors far wider than the rank. Two start near zero
// and find the matrix; the third starts large, fits its measurements as well, and finds another matrix.

import { setTimeout as sleep } from 'node:timers/promises';
import { cores } from '#platform';
import { effectiveRank, numericalRank } from '../diagnostics/spectrum.js';
import { drive } from '../engine/drive.js';
import type { Job, SenseFinished } from '../engine/jobs.js';
import { prepare } from '../engine/prepare.js';
import { type Kernels, startKernels } from '../kernels/index.js';
import type { SenseProgress } from '../methods/sensing.js';
import { DEFAULT_SEED } from '../random/index.js';
import { parseSpec, type RunSpec } from '../spec.js';
import type { Snapshot } from '../stream.js';
import { cells } from './bar.js';
import { type Context, colours } from './context.js';
import { EXIT } from './failure.js';
import { openResources } from './resources.js';
import { figure, grouped, secondsText, table } from './table.js';

const SIZE = 60;
const RANK = 3;
const SEEN = 1440;
const TRUTH = [1, 0.625, 0.25]; // the generator's σ: linear from 1 to 1/condition

interface Run {
  readonly name: string;
  readonly short: string;
  readonly ensemble: 'mask' | 'gaussian';
  readonly initScale: number;
  readonly control: boolean;
}

const runs: readonly Run[] = [
  {
    name: `From ${grouped(SEEN)} of its ${grouped(SIZE * SIZE)} entries`,
    short: `${grouped(SEEN)} entries, small start`,
    ensemble: 'mask',
    initScale: 1e-4,
    control: false,
  },
  {
    name: `From ${grouped(SEEN)} random measurements, each a weighted sum of all entries`,
    short: `${grouped(SEEN)} measurements, small start`,
    ensemble: 'gaussian',
    initScale: 1e-4,
    control: false,
  },
  {
    name: 'The control: the same measurements, the same descent, a large start',
    short: `${grouped(SEEN)} measurements, large start`,
    ensemble: 'gaussian',
    initScale: 1,
    control: true,
  },
];

const specOf = ({ ensemble, initScale }: Run, seed: number): RunSpec =>
  parseSpec({
    lorank: 1,
    task: 'sense',
    data: { generator: { shape: [SIZE, SIZE], rank: RANK, condition: 4, ensemble, measurements: SEEN } },
    method: { name: 'gd', width: SIZE, initScale },
    stop: { iterations: 600, tolerance: 5e-3 },
    seed,
  });

interface Measured {
  readonly name: string;
  readonly control: boolean;
  readonly outcome: string;
  readonly iterations: number;
  readonly residual: number;
  readonly error: number;
  /** Singular values above 1 % of the largest. */
  readonly rank: number;
}

/** Returns the exit code: 4 when a recovery fails or the control does not. */
export async function demonstrate(context: Context, { seed = DEFAULT_SEED }: { seed?: number }): Promise<number> {
  const start = performance.now();
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const measured: Measured[] = [];
  try {
    if (!context.flags.json) await context.write(introduction(seed));
    for (const [i, run] of runs.entries()) measured.push(await show(context, K, run, i + 1, seed));
  } finally {
    K.close();
  }
  const seconds = (performance.now() - start) / 1000;
  const recovered = measured.filter(({ control }) => !control).every(({ error }) => error < RECOVERED);
  const failed = measured.filter(({ control }) => control).every(({ error }) => error > FAILED);
  await context.report(
    { seed, threads: K.threads, seconds, shape: [SIZE, SIZE], rank: RANK, singularValues: TRUTH, runs: measured },
    () => conclusion(measured, seconds, K.threads),
  );
  return recovered && failed ? EXIT.fine : EXIT.unconvincing;
}

const RECOVERED = 0.05;
const FAILED = 0.5;

async function show(context: Context, K: Kernels, run: Run, number: number, seed: number): Promise<Measured> {
  const job = await prepare(K, specOf(run, seed), openResources(context));
  const screen = openScreen(context, `${number}  ${run.name}`);
  let steps = 0;
  const finished = (await drive(job.run(), {
    signal: context.io.signal,
    onSnapshot: (snapshot) => {
      const { progress } = snapshot as Snapshot<SenseProgress>;
      steps = progress.step;
      return screen.due(steps) ? screen.draw(frameOf(job, snapshot as Snapshot<SenseProgress>, run)) : undefined;
    },
  })) as SenseFinished;
  const { result, error, outcome } = finished;
  const { iterations, residual, singularValues } = result;
  await screen.end({
    step: iterations,
    residual,
    error: error!.relativeFrobenius,
    singularValues,
    phase: `${outcome === 'converged' ? 'it fits its measurements' : outcome}; effective rank ${figure(effectiveRank(singularValues))}`,
  });
  return {
    name: run.short,
    control: run.control,
    outcome,
    iterations,
    residual,
    error: error!.relativeFrobenius,
    rank: numericalRank(singularValues, 0.01),
  };
}

interface Frame {
  readonly step: number;
  readonly residual: number;
  readonly error: number;
  readonly singularValues: ArrayLike<number>;
  readonly phase: string;
}

function frameOf(job: Job, snapshot: Snapshot<SenseProgress>, run: Run): Frame {
  const { step, residual, singularValues } = snapshot.progress;
  const error = job.error!(snapshot);
  return { step, residual, error, singularValues, phase: run.control ? 'descending' : phaseOf(singularValues) };
}

/** What the singular values say: which of those of the truth have come to nine tenths of their size. */
function phaseOf(sigma: ArrayLike<number>): string {
  const next = TRUTH.findIndex((truth, i) => sigma[i] < 0.9 * truth);
  if (next === 0 && sigma[0] < 0.02) return 'leaving zero: nothing to see yet';
  return next < 0 ? 'all three are there: the rest is polish' : `σ${SUBSCRIPTS[next + 1]} grows`;
}

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

interface Screen {
  /** Whether this step is to be drawn. */
  due(step: number): boolean;
  draw(frame: Frame): Promise<void>;
  end(frame: Frame): Promise<void>;
}

const SHOWN = 6; // singular values on the screen
const WIDTH = 46; // cells of a bar of length LONGEST
const LONGEST = 1.15;
const NARROWEST = 72; // columns that the block needs
const FRAME = 40; // ms that a frame stays, at least

/** On a terminal, one block drawn again and again; elsewhere, a line for every phase. */
function openScreen(context: Context, title: string): Screen {
  const { io, flags, write } = context;
  if (flags.json || !io.stdout.isTTY || (io.stdout.columns ?? 80) < NARROWEST) return openLog(context, title);
  const paint = painter(colours(io, io.stdout));
  let height = 0;
  let until = 0;
  const draw = async (frame: Frame) => {
    const wait = until - performance.now();
    if (wait > 0) await sleep(wait);
    until = performance.now() + FRAME;
    const lines = [paint.strong(title), ...bars(frame, paint), ...status(frame, paint)];
    const up = height > 0 ? `\x1b[${height}A` : '';
    height = lines.length;
    await write(`${up}${lines.map((line) => `\r${line}\x1b[K\n`).join('')}`);
  };
  return {
    due: (step) => step % 3 === 0,
    draw,
    async end(frame) {
      await draw(frame);
      await write('\n');
    },
  };
}

function openLog({ write, flags }: Context, title: string): Screen {
  let said = '';
  const say = (line: string) => (flags.json ? Promise.resolve() : write(`${line}\n`));
  const line = ({ step, singularValues, residual, error, phase }: Frame) => {
    const sigma = Array.from(Array.from(singularValues).slice(0, 4), (x) => x.toFixed(3)).join(' ');
    return `   step ${String(step).padStart(3)}   σ ${sigma}   misses ${percent(residual)} of the measurements, ${percent(error)} of the matrix   ${phase}`;
  };
  return {
    due: (step) => step % 5 === 0 && !flags.json,
    async draw(frame) {
      if (said === '') await say(title);
      if (frame.phase !== said) await say(line(frame));
      said = frame.phase;
    },
    end: (frame) => say(`${line(frame)}\n`),
  };
}

interface Painter {
  strong(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

const painter = (on: boolean): Painter => {
  const code = (n: string) => (text: string) => (on && text.trim() ? `\x1b[${n}m${text}\x1b[0m` : text);
  return { strong: code('1'), good: code('36'), bad: code('31'), faint: code('2') };
};

/** One bar a singular value; a mark where the truth's stands. Those beyond the rank should stay at zero. */
function bars({ singularValues }: Frame, paint: Painter): string[] {
  return Array.from({ length: SHOWN }, (_, i) => {
    const sigma = singularValues[i] ?? 0;
    const truth = TRUTH[i] ?? 0;
    const bar = cells(sigma / LONGEST, WIDTH);
    const mark = Math.round((WIDTH * truth) / LONGEST);
    const colour = i < RANK ? paint.good : paint.bad;
    const marked =
      truth > 0 && bar[mark] === ' '
        ? colour(bar.slice(0, mark)) + paint.faint('┊') + bar.slice(mark + 1)
        : colour(bar);
    return `   σ${SUBSCRIPTS[i + 1]} ${marked} ${sigma.toFixed(3)}${truth > 0 ? paint.faint(`  of ${truth}`) : ''}`;
  });
}

const percent = (x: number): string => `${x < 0.0995 ? (100 * x).toFixed(1) : Math.round(100 * x)} %`;

const status = ({ step, residual, error, phase }: Frame, paint: Painter): string[] => [
  `   step ${String(step).padStart(3)}   misses ${percent(residual).padStart(6)} of the measurements, ${percent(error).padStart(6)} of the matrix`,
  `   ${paint.strong(phase)}`,
];

const introduction = (seed: number): string =>
  `A ${SIZE}×${SIZE} matrix of rank ${RANK}, singular values ${TRUTH.join(', ')} (seed ${seed}).\n` +
  `Gradient descent on two factors of width ${SIZE}: wide enough for any matrix, and\n` +
  'never told the rank. ┊ marks the true singular values.\n\n';

function conclusion(measured: readonly Measured[], seconds: number, threads: number): string {
  const rows = [
    ['descent from', 'steps', 'misses of y', 'of X', 'rank'],
    ...measured.map(({ name, iterations, residual, error, rank, control }) => [
      `${name}${control ? ' (control)' : ''}`,
      grouped(iterations),
      percent(residual),
      percent(error),
      String(rank),
    ]),
  ];
  return `${table(rows)}\n\n  y: its measurements. X: the matrix. rank: singular values above 1 % of the\n  largest; the truth has ${RANK}. ${secondsText(seconds)}, ${threads} ${threads === 1 ? 'thread' : 'threads'}.\n`;
}
