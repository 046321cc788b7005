// The work of lorank inspect: one look at each kind of file.

import { naming } from '../engine/naming.js';
import { dataError, LorankError, plural } from '../errors.js';
import { type ByteSource, readAll, toRange } from '../io/bytes.js';
import type { ColumnOptions } from '../io/columns.js';
import { Ids } from '../io/ids.js';
import { matrixMarketEntries } from '../io/mtx.js';
import { type NpyHeader, readNpyHeader, readNpyRows } from '../io/npy.js';
import { readNpz } from '../io/npz.js';
import { openParquet } from '../io/parquet.js';
import { readPng } from '../io/png.js';
import { readRatings } from '../io/ratings.js';
import { openSafetensors } from '../io/safetensors.js';
import { type Format, sniff } from '../io/sniff.js';
import { sizeOf, type Tensor, toFloat64 } from '../io/tensor.js';
import { singleKernels } from '../kernels/index.js';
import { svd } from '../linalg/svd.js';
import { at, type Matrix, matrix } from '../matrix.js';
import type { Context } from './context.js';
import { EXIT } from './failure.js';
import { checkInputs } from './files.js';
import { openResources } from './resources.js';
import { facts, figure, grouped } from './table.js';

/** Of the numbers that are there. */
interface Range {
  readonly count: number;
  readonly missing: number;
  readonly infinite: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

interface Part {
  readonly name?: string;
  readonly shape?: readonly number[];
  readonly type?: string;
  readonly range?: Range;
  readonly singularValues?: readonly number[];
}

interface Inspection {
  readonly file: string;
  readonly format: Format;
  readonly gzip: boolean;
  readonly [fact: string]: unknown;
  readonly parts?: readonly Part[];
}

const LARGEST_SVD = 600; // min(n₁, n₂) up to which the spectrum is computed
const LARGEST_ENTRIES = 4e6;

/** Returns the exit code. */
export async function inspect(context: Context, path: string, columns: ColumnOptions): Promise<number> {
  await checkInputs([path]);
  const resources = openResources(context);
  try {
    const found = await naming(path, async (): Promise<Inspection> => {
      const { format, gzip, source } = await sniff(await resources.open(path), path);
      return { file: path, format, gzip, ...(await look(format, source, path, columns)) };
    });
    await context.report(found, () => text(found));
    return EXIT.fine;
  } finally {
    await resources.close();
  }
}

async function look(
  format: Format,
  source: ByteSource,
  path: string,
  columns: ColumnOptions,
): Promise<Record<string, unknown>> {
  switch (format) {
    case 'npy':
      return lookAtNpy(source);
    case 'npz':
      return {
        parts: [...(await readNpz(source))].map(([name, array]) => ({ name, ...lookAtTensor(array, array.fortran) })),
      };
    case 'safetensors':
      return lookAtSafetensors(source);
    case 'png': {
      const image = readPng(await readAll(source));
      const names = image.colours.length === 1 ? ['grey'] : ['red', 'green', 'blue'];
      return { depth: image.depth, parts: image.colours.map((M, c) => ({ name: names[c], ...lookAtMatrix(M) })) };
    }
    case 'matrix-market':
      return lookAtMatrixMarket(source);
    case 'parquet': {
      const { rows, columns: described } = await openParquet(source);
      const ratings = await lookAtRatings(source, path, columns).catch(whenData);
      return { rows, columns: described, ...(ratings && { ratings }) };
    }
    case 'unknown':
      throw dataError(
        'inspect: the file should be of a kind that is read here, got another',
        'docs/files.md lists them',
      );
    case 'json':
      return { note: 'a description of a run and a manifest are JSON; lorank run takes them' };
    default:
      return { ratings: await lookAtRatings(source, path, columns) };
  }
}

/** A table that holds no ratings is still a table. */
function whenData(thrown: unknown): undefined {
  if (!(thrown instanceof LorankError)) throw thrown;
}

function openRange(): { add(data: ArrayLike<number>, length?: number): void; range(): Range } {
  let [count, missing, infinite, min, max, sum] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  return {
    add(data, length = data.length) {
      for (let i = 0; i < length; i++) {
        const x = data[i];
        if (Number.isNaN(x)) missing++;
        else if (!Number.isFinite(x)) infinite++;
        else {
          count++;
          sum += x;
          if (x < min) min = x;
          if (x > max) max = x;
        }
      }
    },
    range: () =>
      count > 0
        ? { count, missing, infinite, min, max, mean: sum / count }
        : { count, missing, infinite, min: null, max: null, mean: null },
  };
}

async function lookAtNpy(source: ByteSource): Promise<{ parts: Part[] }> {
  const file = await toRange(source);
  const header = await readNpyHeader(file);
  const seen = openRange();
  const whole = spectral(header) ? matrix(header.shape[0], header.shape[1]) : undefined;
  for await (const { start, data } of readNpyRows(file, header)) {
    seen.add(data);
    whole?.data.set(data, start * header.shape[1]);
  }
  const range = seen.range();
  return { parts: [{ shape: header.shape, type: header.dtype, range, singularValues: spectrum(whole, range) }] };
}

const spectral = ({ shape, count }: Pick<NpyHeader, 'shape' | 'count'>): boolean =>
  shape.length === 2 && Math.min(...shape) > 0 && Math.min(...shape) <= LARGEST_SVD && count <= LARGEST_ENTRIES;

function spectrum(M: Matrix | undefined, { missing, infinite }: Range): number[] | undefined {
  return M && missing + infinite === 0 ? Array.from(svd(singleKernels(), M).values) : undefined;
}

function lookAtMatrix(M: Matrix): Part {
  const values = Float64Array.from({ length: M.rows * M.cols }, (_, e) => at(M, Math.floor(e / M.cols), e % M.cols));
  const seen = openRange();
  seen.add(values);
  const range = seen.range();
  const shape = [M.rows, M.cols];
  return { shape, range, singularValues: spectral({ shape, count: values.length }) ? spectrum(M, range) : undefined };
}

function lookAtTensor(tensor: Tensor, fortran = false): Part {
  const { shape, dtype } = tensor;
  const data = toFloat64(tensor);
  const seen = openRange();
  seen.add(data);
  const range = seen.range();
  const [rows, cols] = shape;
  const M = fortran ? { ...matrix(rows, cols, data), rowStride: 1, colStride: rows } : matrix(rows, cols, data);
  const values = spectral({ shape, count: data.length }) ? spectrum(M, range) : undefined;
  return { shape, type: dtype, range, singularValues: values };
}

async function lookAtSafetensors(source: ByteSource): Promise<Record<string, unknown>> {
  const file = await openSafetensors(await toRange(source));
  const parts: Part[] = [];
  for (const [name, { dtype, shape, start, end }] of file.tensors) {
    const small = (end - start) / sizeOf(dtype) <= LARGEST_ENTRIES;
    parts.push({ name, ...(small ? lookAtTensor(await file.read(name)) : { shape, type: dtype }) });
  }
  return { metadata: file.metadata, parts };
}

async function lookAtMatrixMarket(source: ByteSource): Promise<Record<string, unknown>> {
  const seen = openRange();
  let about: object = {};
  for await (const { header, values, count } of matrixMarketEntries(source)) {
    const { rows, cols, ...kind } = header;
    about = { shape: [rows, cols], ...kind };
    seen.add(values, count);
  }
  return { ...about, range: seen.range() };
}

async function lookAtRatings(
  source: ByteSource,
  name: string,
  options: ColumnOptions,
): Promise<Record<string, unknown>> {
  const rowIds = new Ids();
  const colIds = new Ids();
  const seen = openRange();
  const blocks = readRatings(source, { name, ...options }, rowIds, colIds);
  for (;;) {
    const next = await blocks.next();
    if (!next.done) {
      seen.add(next.value.values, next.value.count);
      continue;
    }
    const { columns, records, missing, delimiter, header } = next.value;
    const range = { ...seen.range(), missing };
    const share = range.count / (rowIds.size * colIds.size);
    return { columns, delimiter, header, records, users: rowIds.size, items: colIds.size, share, range };
  }
}

function text({ file, format, gzip, parts = [], ...rest }: Inspection): string {
  const head = `${file}: ${rest.metadata && (rest.metadata as Record<string, string>).format === 'lorank-fit' ? 'a fit of lorank complete, ' : ''}${format}${gzip ? ', gzipped' : ''}`;
  const more = Object.entries(rest).flatMap(([name, value]) => said(name, value));
  const blocks = parts.map((part) => partText(part));
  return `${[head, ...(more.length > 0 ? [facts(more)] : []), ...blocks].join('\n')}\n`;
}

/** A fact as lines of name and value; facts of an object are lines of their own. */
function said(name: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (name === 'range') return [['range', rangeText(value as Range)]];
  if (name === 'shape') return [['shape', (value as number[]).join('×')]];
  if (name === 'share') return [['share known', `${figure(100 * (value as number))} %`]];
  if (name === 'delimiter') return [['delimiter', JSON.stringify(value)]];
  if (name === 'columns' && Array.isArray(value))
    return [['columns', value.map((c: { name: string; type: string }) => `${c.name} (${c.type})`).join(', ')]];
  if (name === 'columns')
    return [
      [
        'columns',
        Object.entries(value)
          .map(([role, at]) => `${role}: ${at}`)
          .join(', '),
      ],
    ];
  if (typeof value === 'object') return Object.entries(value).flatMap(([inner, one]) => said(inner, one));
  return [[name, typeof value === 'number' ? grouped(value) : String(value)]];
}

function partText({ name, shape, type, range, singularValues }: Part): string {
  const rows: [string, string][] = [];
  if (shape) rows.push(['shape', shape.length === 0 ? 'a single number' : shape.join('×')]);
  if (type) rows.push(['type', type]);
  if (range) rows.push(['range', rangeText(range)]);
  if (singularValues) rows.push(['singular values', spectrumText(singularValues)]);
  return `${name === undefined ? '' : `  ${name}\n`}${facts(rows, { indent: name === undefined ? 2 : 4 })}`;
}

const rangeText = ({ count, missing, infinite, min, max, mean }: Range): string =>
  [
    `${grouped(count)} ${plural(count, 'number')}`,
    ...(min === null ? [] : [`${figure(min)} … ${figure(max!)}, mean ${figure(mean!)}`]),
    `${grouped(missing)} missing`,
    ...(infinite > 0 ? [`${grouped(infinite)} infinite`] : []),
  ].join(', ');

function spectrumText(values: readonly number[]): string {
  const rank = values.filter((value) => value > 1e-10 * values[0]).length;
  const shown = values.slice(0, 8).map((value) => figure(value));
  return `${shown.join('  ')}${values.length > 8 ? '  …' : ''}   (${rank} above 1e-10·σ₁)`;
}
