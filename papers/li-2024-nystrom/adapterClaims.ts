// What adapters should do: claims on the starts of adapters, and the broken ones on which their checks must fail.

import { verdict } from '../judge.js';
import type { Claim, Control, Row, Tables, Verdict } from '../paper.js';
import { grouped, largest, numbers, smallest, where } from '../statistics.js';
import { DRAWS } from './adapters.js';
import { short } from './measures.js';
import { LAYERS, PACKAGE } from './weights.js';

const ALGEBRA = 'exact by algebra; the rest is rounding';
const none = { assumption: 'none', checkable: true } as const;
const REAL = `the ${LAYERS.length} linear layers of a small pretrained transformer (PP-OCRv4 recogniser, f32, ${PACKAGE}); r = 8, s = 2, ξ = 0.1, ${DRAWS} draws`;

/** The verdict on real weights; without them nothing can be said. */
const onReal = (rows: readonly Row[] | undefined, judge: (rows: readonly Row[]) => Verdict): Verdict =>
  rows?.length
    ? judge(rows)
    : { value: '', status: 'not-testable', note: `the package is not installed: npm install ${PACKAGE}` };

/** Of a method's adapters: the largest change of an output or of the weight, and whether the base is as it was. */
function still({ noOp }: Tables, method: string): { change: number; same: boolean } {
  const rows = where(noOp, { method });
  const change = largest([...numbers(rows, 'change'), ...numbers(rows, 'output')]);
  return { change, same: rows.every(({ same }) => same === true) };
}
const isStill = ({ change, same }: { change: number; same: boolean }) => change === 0 && same;

const outside = ({ rowSpace }: Tables, method: string): number =>
  largest(numbers(where(rowSpace, { method }), 'outside'));

/** The largest |quotient − 1| of RMS(A) and a law that is `factor` times (ξ/s)·‖W‖_F/√inputs. */
const scaleMiss = (rows: readonly Row[], factor: number): number =>
  largest(numbers(rows, 'size').map((size) => Math.abs(size / factor - 1)));

/** Shares in the order of their columns: the least of one over the next, over layers. */
const leads = (rows: readonly Row[], columns: readonly string[]): number[] =>
  columns.slice(1).map((next, i) => smallest(rows.map((row) => Number(row[columns[i]]) / Number(row[next]))));
const inOrder = ([first, second]: readonly number[]) => first > 1 && second >= 1.4;

/** Shares of a reference run (independent NumPy implementation) on the same file: PiSSA, Nyström, Gaussian by layer. */
const REFERENCE = [
  [0.252, 0.129, 0.066],
  [0.232, 0.135, 0.066],
  [0.311, 0.163, 0.068],
  [0.321, 0.168, 0.033],
  [0.203, 0.103, 0.066],
  [0.221, 0.126, 0.067],
  [0.319, 0.164, 0.067],
  [0.404, 0.223, 0.033],
  [0.341, 0.22, 0.065],
] as const;

/** The largest distance of each of three columns from the reference. */
const shareMiss = (rows: readonly Row[], columns: readonly [string, string, string]): number[] =>
  columns.map((column, j) =>
    largest(
      grouped(rows, 'layer').flatMap((runs) =>
        numbers(runs, column).map((share) => Math.abs(share - REFERENCE[LAYERS.indexOf(runs[0].layer as 77)][j])),
      ),
    ),
  );
const isReference = ([pissa, nystrom, gaussian]: readonly number[]) =>
  pissa <= 0.002 && nystrom <= 0.02 && gaussian <= 0.008;

const conversionMiss = ({ conversions }: Tables, key: 'error' | 'forgotten') => ({
  error: largest(numbers(conversions, key)),
  rank: numbers(conversions, 'rank').every((r) => r === 2),
  alpha: largest(conversions.map(({ rslora, alpha }) => Math.abs(Number(alpha) - (rslora ? Math.SQRT2 : 2)))),
});
const isIdentity = ({ error, rank, alpha }: ReturnType<typeof conversionMiss>) =>
  error <= 1e-12 && rank && alpha <= 1e-12;

const orthogonalOf = ({ orthogonal }: Tables, method: string) => {
  const rows = where(orthogonal, { method });
  return {
    change: largest(numbers(rows, 'change')),
    least: smallest([...numbers(rows, 'A'), ...numbers(rows, 'B')]),
  };
};
const isOrthogonal = ({ change, least }: ReturnType<typeof orthogonalOf>) => change <= 1e-6 && least > 0.1;

/** Losses of the best learning rate, for each seed. */
const best = ({ reach }: Tables, wanted: Row, key: 'loss' | 'floor' = 'loss'): number[] =>
  grouped(where(reach, wanted), 'seed').map((rows) => smallest(numbers(rows, key)));
const reached = (tables: Tables, methods: readonly string[], wanted: Row): number =>
  largest(methods.flatMap((method) => best(tables, { method, ...wanted })));
const stalled = (tables: Tables, methods: readonly string[], wanted: Row): number =>
  smallest(methods.flatMap((method) => best(tables, { method, ...wanted })));
/** The largest |loss/floor − 1| of the methods with a frozen rest. */
const floorMiss = (tables: Tables, wanted: Row): number =>
  largest(
    ['pissa', 'olora'].flatMap((method) => {
      const floors = best(tables, { method, ...wanted }, 'floor');
      return best(tables, { method, ...wanted }).map((loss, i) => Math.abs(loss / floors[i] - 1));
    }),
  );

export const adapterClaims: readonly Claim[] = [
  {
    id: 'S6.A22',
    statement: 'A Nyström adapter changes nothing before it is trained, and leaves the files of the base as they are',
    ...none,
    experiment: `a block of a decoder in 3 shards of BF16, and ${PACKAGE} in 2 of F32; the adapter written as PEFT’s files and read again; random inputs x`,
    statistic: 'largest |s·BA| and |W x + s·B(A x) − W x| in f32; whether the SHA-256 of the files is the same',
    band: 'exactly 0; the same',
    why: 'B = 0',
    judge(tables) {
      const found = still(tables, 'nystrom');
      return verdict(`${found.change}; ${found.same ? 'the same' : 'changed'}`, isStill(found));
    },
  },
  {
    id: 'S6.A23',
    statement: 'The rows of A = (ξ/s)·G W₀ lie in the row space of W₀',
    ...none,
    experiment: 'W₀ of rank 5, 48×64, r = 4, in f32; seeds',
    statistic: 'largest ‖A(I − VVᵀ)‖/‖A‖',
    band: '≤ 10⁻⁶',
    why: `${ALGEBRA} in f32`,
    judge(tables) {
      const off = outside(tables, 'nystrom');
      return verdict(off, off <= 1e-6);
    },
  },
  {
    id: 'S6.A24',
    statement: 'Its size is RMS(A) ≈ (ξ/s)·‖W₀‖_F/√inputs',
    ...none,
    experiment: REAL,
    statistic: 'largest |mean quotient − 1| over layers',
    band: '≤ 15 %',
    why: 'the expectation is exact; reference run (independent NumPy implementation), which saw 2 %',
    judge: ({ weights }) =>
      onReal(weights, (rows) => {
        const miss = scaleMiss(rows, 1);
        return verdict(miss, miss <= 0.15);
      }),
  },
  {
    id: 'S6.A25',
    statement: 'Of real weights a sketch captures more than a blind Gaussian A, and less than PiSSA',
    ...none,
    experiment: REAL,
    statistic:
      'share of ‖W₀‖_F² in row(A): least quotient over layers of PiSSA over Nyström, and of Nyström over Gaussian',
    band: '> 1; ≥ 1.4',
    why: 'reference run (independent NumPy implementation), which saw 1.5 to 2 and 1.5 to 6.8',
    judge: ({ weights }) =>
      onReal(weights, (rows) => {
        const found = leads(rows, ['pissa', 'nystrom', 'gaussian']);
        return verdict(found.map((q) => q.toFixed(2)).join('; '), inOrder(found));
      }),
  },
  {
    id: 'S6.A25b',
    statement: 'The shares are those of an independent implementation on the same weights',
    ...none,
    experiment: REAL,
    statistic: 'largest distance over layers from its shares: PiSSA; Nyström; Gaussian',
    band: '≤ 0.002; ≤ 0.02; ≤ 0.008',
    why: 'its shares have three digits, and ours of PiSSA come from a randomised SVD; means of 20 draws scatter on both sides (pilot, 10 seeds: up to 0.0018, 0.0123 and 0.0047)',
    judge: ({ weights }) =>
      onReal(weights, (rows) => {
        const miss = shareMiss(rows, ['pissa', 'nystrom', 'gaussian']);
        return verdict(miss.map((m) => m.toFixed(4)).join('; '), isReference(miss));
      }),
  },
  {
    id: 'S6.A27',
    statement: 'Where a method takes its start out of the base, W_res + s·BA is W₀ again',
    ...none,
    experiment: `PiSSA, OLoRA and MiLoRA on layers 80 and 83 of ${PACKAGE}, r = 8; all in f32`,
    statistic: 'largest ‖W_res + s·BA − W₀‖_F/‖W₀‖_F',
    band: '≤ 10⁻⁶',
    why: `${ALGEBRA} in f32`,
    judge: ({ residuals }) =>
      onReal(residuals, (rows) => {
        const error = largest(numbers(rows, 'error'));
        return verdict(error, error <= 1e-6);
      }),
  },
  {
    id: 'S6.A28',
    statement:
      'An adapter of a changed base is a plain one of twice the rank: [A; A₀], [B, −B₀], α′ = 2α (√2·α with rsLoRA)',
    ...none,
    experiment: 'random A, B, A₀, B₀ of rank 6 on a 40×30 base; α/r and α/√r; factors in f32, sums in f64',
    statistic: 'largest entry of W_res + s·BA − (W₀ + s′·B′A′); r′/r; distance of α′/α from 2 and from √2',
    band: '≤ 10⁻¹²; 2; ≤ 10⁻¹²',
    why: ALGEBRA,
    judge(tables) {
      const found = conversionMiss(tables, 'error');
      return verdict(`${short(found.error)}; ${found.rank ? 2 : 'other'}; ${short(found.alpha)}`, isIdentity(found));
    },
  },
  {
    id: 'S6.A29',
    statement: 'The orthogonal start does nothing either, though neither factor is zero',
    ...none,
    experiment: 'a block of a decoder, r = 8',
    statistic: 'largest |s·BA|; least ‖A‖_F and ‖B‖_F',
    band: '≤ 10⁻⁶; > 0.1',
    why: `odd and even rows of an orthogonal matrix; ${ALGEBRA} in f32`,
    judge(tables) {
      const found = orthogonalOf(tables, 'orthogonal');
      return verdict(`${short(found.change)}; ${found.least.toFixed(2)}`, isOrthogonal(found));
    },
  },
  {
    id: 'S6.A30',
    statement:
      'With the base left alone every change of rank r can be learned; with a frozen rest W_res most of them cannot',
    ...none,
    experiment:
      'W₀ + ΔW of 60×48, ΔW generic of rank 8, fitted by adapters of rank 8, 300 steps of Adam, best of 5 learning rates; seeds',
    statistic: 'largest loss over its value without adapter: Nyström, kaiming, orthogonal; least: PiSSA, OLoRA',
    band: '≤ 10⁻²; ≥ 0.5',
    why: 'W₀ + any rank r against W_res + any rank r; reference run (independent NumPy implementation), which saw 0.004 at most, and 0.86 and 0.88 on other weights',
    judge(tables) {
      const [most, least] = [
        reached(tables, ['nystrom', 'kaiming', 'orthogonal'], { kind: 'generic', width: 8 }),
        stalled(tables, ['pissa', 'olora'], { kind: 'generic', width: 8 }),
      ];
      return verdict(`${short(most)}; ${least.toFixed(2)}`, most <= 1e-2 && least >= 0.5);
    },
  },
  {
    id: 'S6.A30b',
    statement:
      'What PiSSA and OLoRA cannot learn is the tail of W₀ + ΔW − W_res beyond rank r, no more; a change in the leading row space of W₀ is within reach of PiSSA',
    ...none,
    experiment: 'as S6.A30; and with ΔW in the span of the 8 leading right singular vectors of W₀',
    statistic: 'largest |loss/(tail) − 1| of both; loss of PiSSA for the leading ΔW',
    band: '≤ 0.02; ≤ 10⁻²',
    why: 'Eckart and Young; Adam ends near the optimum of a factorised least squares',
    judge(tables) {
      const miss = floorMiss(tables, { kind: 'generic', width: 8 });
      const leading = reached(tables, ['pissa'], { kind: 'leading', width: 8 });
      return verdict([miss, leading].map(short).join('; '), miss <= 0.02 && leading <= 1e-2);
    },
  },
  {
    id: 'S6.A31',
    statement: 'The files of an adapter are PEFT’s: names, shapes, types and bytes, and no hole between them',
    ...none,
    experiment:
      'Nyström, kaiming and orthogonal adapters of shards in F32, BF16 and F16; adapter_model.safetensors read by a reader of its own that knows the published format alone, and by lorank, and written again',
    statistic: 'faults; whether what is written again has the same bytes',
    band: '0; yes',
    why: 'the format of safetensors and the key rules of PEFT',
    judge({ files }) {
      const [faults, same] = [largest(numbers(files, 'faults')), files.every((row) => row.same === true)];
      return verdict(`${faults}; ${same ? 'yes' : 'no'}`, faults === 0 && same);
    },
  },
  {
    id: 'S6.A32',
    statement: 'A sketch of shards, read once and in blocks, is the dense product',
    ...none,
    experiment:
      '4608×1024 in two shards of F32, BF16 and F16, r = 16; against GᵀW in f64 of the weights as they are stored',
    statistic: 'largest ‖A − GᵀW‖/‖GᵀW‖; bytes read over bytes of tensors; most numbers of a weight read at once',
    band: '≤ 10⁻⁵; 1; ≤ 2²¹, less than half of them',
    why: `${ALGEBRA} in f32; blocks are of 2²¹ numbers, whatever the size of the matrix`,
    judge({ streamed }) {
      const error = largest(numbers(streamed, 'error'));
      const once = streamed.every((row) => row.once === 1);
      const most = largest(numbers(streamed, 'atOnce'));
      const part = most <= 2 ** 21 && streamed.every((row) => most < Number(row.numbers) / 2);
      return verdict(`${short(error)}; ${once ? 1 : 'more'}; ${most}`, error <= 1e-5 && once && part);
    },
  },
];

const failed = (value: number | string, passed: boolean) => ({ value, failed: !passed });

/** On real weights that are not there no check can pass, as it must not. */
const noneReal = { value: 'not installed', failed: true };

export const adapterControls: readonly Control[] = [
  {
    id: 'S6.CA22',
    guards: ['S6.A22'],
    breaks: 'PiSSA’s adapter on the base as it was',
    fails(tables) {
      const found = still(tables, 'pissa');
      return failed(found.change, isStill(found));
    },
  },
  {
    id: 'S6.CA23',
    guards: ['S6.A23'],
    breaks: 'the default start of PEFT in place of the sketch',
    fails(tables) {
      const off = outside(tables, 'kaiming');
      return failed(off, off <= 1e-6);
    },
  },
  {
    id: 'S6.CA24',
    guards: ['S6.A24'],
    breaks: 'the law without the division by s',
    fails({ weights }) {
      if (!weights?.length) return noneReal;
      const miss = scaleMiss(weights, 2);
      return failed(miss, miss <= 0.15);
    },
  },
  {
    id: 'S6.CA25',
    guards: ['S6.A25', 'S6.A25b'],
    breaks: 'the Gaussian A in the place of the sketch, and the sketch in its place',
    fails({ weights }) {
      if (!weights?.length) return noneReal;
      const found = leads(weights, ['pissa', 'gaussian', 'nystrom']);
      const miss = shareMiss(weights, ['pissa', 'gaussian', 'nystrom']);
      return failed(found.map((q) => q.toFixed(2)).join('; '), inOrder(found) || isReference(miss));
    },
  },
  {
    id: 'S6.CA27',
    guards: ['S6.A27'],
    breaks: 'the base left as it was, and the adapter added to it',
    fails({ residuals }) {
      if (!residuals?.length) return noneReal;
      const error = smallest(numbers(residuals, 'unmoved'));
      return failed(error, error <= 1e-6);
    },
  },
  {
    id: 'S6.CA28',
    guards: ['S6.A28'],
    breaks: 'A and B alone, without the start that was taken out of the base',
    fails(tables) {
      const found = conversionMiss(tables, 'forgotten');
      return failed(found.error, isIdentity(found));
    },
  },
  {
    id: 'S6.CA29',
    guards: ['S6.A29'],
    breaks: 'PiSSA in place of the orthogonal start',
    fails(tables) {
      const found = orthogonalOf(tables, 'pissa');
      return failed(found.change, isOrthogonal(found));
    },
  },
  {
    id: 'S6.CA30',
    guards: ['S6.A30', 'S6.A30b'],
    breaks:
      'half the rank for adapters on a base left alone; the leading ΔW, which PiSSA can learn, for the generic one, and the generic one for it',
    fails(tables) {
      const most = reached(tables, ['kaiming'], { kind: 'generic', width: 4 });
      const least = stalled(tables, ['pissa'], { kind: 'leading', width: 8 });
      const generic = reached(tables, ['pissa'], { kind: 'generic', width: 8 });
      return failed(
        [most, least, generic].map((loss) => loss.toPrecision(2)).join('; '),
        most <= 1e-2 || least >= 0.5 || generic <= 1e-2,
      );
    },
  },
  {
    id: 'S6.CA31',
    guards: ['S6.A31'],
    breaks: 'the name of one factor of each pair in the file',
    fails({ files }) {
      const faults = smallest(numbers(files, 'misnamed'));
      return failed(faults, faults === 0);
    },
  },
  {
    id: 'S6.CA32',
    guards: ['S6.A32'],
    breaks: 'a G whose lines are shifted by one, as blocks that do not know their place would draw it',
    fails({ streamed }) {
      const error = smallest(numbers(streamed, 'shifted'));
      return failed(error, error <= 1e-5);
    },
  },
];
