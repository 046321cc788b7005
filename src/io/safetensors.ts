// safetensors: 8 bytes of header length, a JSON header, tensors one after another. The header is checked as the official
// reader does and more (names that come twice); a tensor is read when it is asked for. What writeSafetensors gives is
// byte for byte what the official writer gives: tensors sorted by type, wide ones first, then by name; spaces up to 8.

import { dataError } from '../errors.js';
import { readExactly, type SizedRange } from './bytes.js';
import { countOf, DTYPES, type Dtype, isDtype, sizeOf, type Tensor } from './tensor.js';

const LONGEST_HEADER = 100_000_000;

/** One tensor of the header. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where its bytes lie in the file: from start, before end. */
  readonly start: number;
  readonly end: number;
}

/** An open safetensors file. */
export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Reads one tensor. */
  read(name: string): Promise<Tensor>;
}

const broken = (what: string, hint = 'the file is damaged, or no safetensors file: download or write it again') =>
  dataError(`openSafetensors: ${what}`, hint);

/** Reads and checks the header. */
export async function openSafetensors(source: SizedRange): Promise<Safetensors> {
  const { size } = source;
  if (size < 8) throw broken(`the file should have at least 8 bytes, got ${size}`);
  const first = await readExactly(source, 0, 8, 'openSafetensors');
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > LONGEST_HEADER)
    throw broken(`the header should have at most ${LONGEST_HEADER} bytes, it claims ${length}`);
  const dataStart = 8 + Number(length);
  if (dataStart > size) throw broken(`the header claims ${length} bytes, the file has ${size - 8} after its length`);
  const { metadata, tensors } = parseHeader(await readExactly(source, 8, Number(length), 'openSafetensors'), dataStart);
  let end = dataStart;
  for (const [name, tensor] of tensors) {
    if (tensor.start !== end)
      throw broken(
        `tensor '${name}' should start at byte ${end - dataStart} of the data, got ${tensor.start - dataStart}: ` +
          `there is ${tensor.start < end ? 'an overlap' : 'a hole'} before it`,
      );
    end = tensor.end;
  }
  if (end !== size) throw broken(`the tensors should end with the file, at byte ${size}, they end at byte ${end}`);
  return {
    metadata,
    tensors,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (!tensor)
        throw dataError(
          `openSafetensors: there is no tensor '${name}'`,
          `the file has: ${[...tensors.keys()].slice(0, 20).join(', ')}`,
        );
      const bytes = await readExactly(source, tensor.start, tensor.end - tensor.start, 'openSafetensors');
      return { dtype: tensor.dtype, shape: tensor.shape, bytes };
    },
  };
}

function parseHeader(bytes: Uint8Array, dataStart: number) {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw broken(`the header should be JSON (${cause instanceof Error ? cause.message : cause})`);
  }
  if (!isRecord(header) || !text.startsWith('{')) throw broken('the header should be a JSON object');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw broken(`the header has the name '${twice}' twice`);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw broken('the metadata should map texts to texts');
  const tensors = Object.entries(entries).map(([name, entry]) => [name, tensorInfo(name, entry, dataStart)] as const);
  tensors.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  return { metadata: metadata as Record<string, string>, tensors: new Map(tensors) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function tensorInfo(name: string, entry: unknown, dataStart: number): TensorInfo {
  if (!isRecord(entry)) throw broken(`tensor '${name}' should be an object, got ${JSON.stringify(entry)}`);
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const other = Object.keys(others)[0];
  if (other !== undefined) throw broken(`tensor '${name}' has an unknown key '${other}'`);
  if (!isDtype(dtype))
    throw broken(`tensor '${name}': dtype should be one of ${DTYPES.join(', ')}, got ${JSON.stringify(dtype)}`);
  const count = Array.isArray(shape) ? countOf(shape) : Number.NaN;
  if (Number.isNaN(count) || !Number.isSafeInteger(count * sizeOf(dtype)))
    throw broken(`tensor '${name}': shape should be sizes with a product below 2⁵³, got ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw broken(`tensor '${name}': data_offsets should be [start, end], got ${JSON.stringify(offsets)}`);
  const [start, end] = offsets as number[];
  if (end - start !== count * sizeOf(dtype))
    throw broken(
      `tensor '${name}': ${dtype} of shape [${(shape as number[]).join(', ')}] should take ${count * sizeOf(dtype)} bytes, got ${end - start}`,
    );
  return { dtype, shape: shape as number[], start: dataStart + start, end: dataStart + end };
}

/** A key that comes twice in one object of a valid JSON text, which JSON.parse would hide. */
function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (let m = token.exec(text); m; m = token.exec(text)) {
    if (m[0] === '{') open.push(new Set());
    else if (m[0] === '[') open.push(undefined);
    else if (m[0] === '}' || m[0] === ']') open.pop();
    else if (m[1] !== undefined) {
      const key: string = JSON.parse(m[0].slice(0, -m[1].length));
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}

/** A safetensors file, in pieces. */
export function* writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  const sorted = inOrder(tensors);
  yield headerOf(sorted, metadata);
  for (const [name, tensor] of sorted) yield checked(name, tensor, tensor.bytes);
}

/** A tensor that is to be written: its bytes are made when their turn comes. */
export interface LazyTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  bytes(): Promise<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A safetensors file, in pieces, of tensors that need not be in memory together. They are asked for in the order of the file. */
export async function* streamSafetensors(
  tensors: Readonly<Record<string, LazyTensor>>,
  metadata?: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const sorted = inOrder(tensors);
  yield headerOf(sorted, metadata);
  for (const [name, tensor] of sorted) {
    const bytes = tensor.bytes();
    if (!(Symbol.asyncIterator in bytes)) {
      yield checked(name, tensor, await bytes);
      continue;
    }
    let length = 0;
    for await (const piece of bytes) {
      length += piece.length;
      yield piece;
    }
    checked(name, tensor, { length });
  }
}

type Described = Pick<Tensor, 'dtype' | 'shape'>;

/** As the official writer sorts: wide types first, then by name. */
const inOrder = <T extends Described>(tensors: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(tensors).sort(
    ([a, x], [b, y]) => DTYPES.indexOf(y.dtype) - DTYPES.indexOf(x.dtype) || compareUtf8(a, b),
  );

function headerOf(sorted: readonly [string, Described][], metadata?: Readonly<Record<string, string>>): Uint8Array {
  const parts: string[] = [];
  if (metadata) {
    const pairs = Object.entries(metadata).sort(([a], [b]) => compareUtf8(a, b));
    const texts = pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    parts.push(`"__metadata__":{${texts.join(',')}}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape }] of sorted) {
    const info = { dtype, shape, data_offsets: [offset, (offset += countOf(shape) * sizeOf(dtype))] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
  }
  const json = new TextEncoder().encode(`{${parts.join(',')}}`);
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  return head;
}

function checked<B extends { readonly length: number }>(name: string, { dtype, shape }: Described, bytes: B): B {
  const expected = countOf(shape) * sizeOf(dtype);
  if (bytes.length !== expected)
    throw dataError(
      `writeSafetensors: tensor '${name}' of ${dtype} and shape [${shape.join(', ')}] should have ${expected} bytes, got ${bytes.length}`,
      'check its shape',
    );
  return bytes;
}

/** By code points, which is the order of the UTF-8 bytes. */
function compareUtf8(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < x.length && i < y.length; i++)
    if (x[i] !== y[i]) return x[i].codePointAt(0)! - y[i].codePointAt(0)!;
  return x.length - y.length;
}
