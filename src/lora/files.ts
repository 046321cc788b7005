// Named bytes of a folder: local files, Blobs, HTTP ranges, or memory. What reads a model or an adapter sees no more of
// where it lies; what writes one gives named pieces and sees nothing of where they go.

import { dataError, LorankError, usageError } from '../errors.js';
import { concat, rangeOf, readExactly, type SizedRange } from '../io/bytes.js';

/** A folder to read from. */
export interface Files {
  /** The files that are there, without folders within. */
  readonly names: readonly string[];
  /** The bytes of one of them, by ranges. */
  open(name: string): Promise<SizedRange>;
}

/** One file to write: its name and its bytes, which are made as they are asked for. */
export interface OutputFile {
  readonly name: string;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A Blob, or a File of a page, or what Node's openAsBlob gives. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A folder of named bytes: in memory, in Blobs, or behind ranges (a file, an HTTP resource). */
export function filesOf(contents: Readonly<Record<string, Uint8Array | BlobLike | SizedRange>>): Files {
  return {
    names: Object.keys(contents),
    open: async (name) => {
      const found = Object.hasOwn(contents, name) ? contents[name] : undefined;
      if (!found) throw noSuchFile(name, Object.keys(contents));
      if (found instanceof Uint8Array) return rangeOf(found);
      return 'read' in found ? found : rangeOfBlob(found);
    },
  };
}

const rangeOfBlob = (blob: BlobLike): SizedRange => ({
  size: blob.size,
  read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
});

/** What a folder of a model or an adapter may hold, apart from the shards that an index names. */
const USUAL = [
  'config.json',
  'model.safetensors.index.json',
  'model.safetensors',
  'adapter_config.json',
  'adapter_model.safetensors',
];

/**
 * A folder that cannot be listed, such as one behind a URL: the usual names are tried. path: of the folder, or of one
 * .safetensors file, which is then alone but for its config.
 * @param open the bytes at a path below it; a usage error where there are none.
 */
export async function unlistedFiles(path: string, open: (path: string) => Promise<SizedRange>): Promise<Files> {
  const file = /^(.*\/)([^/]*\.safetensors)$/.exec(path);
  const folder = file ? file[1] : path.replace(/\/*$/, '/');
  const there: Record<string, SizedRange> = {};
  const look = async (name: string) => {
    try {
      there[name] = await open(folder + name);
    } catch (error) {
      const absent = error instanceof LorankError && error.code === 'usage' && name !== file?.[2];
      if (!absent) throw error;
    }
  };
  const tried = file ? [file[2], ...USUAL.filter((name) => /config\.json$/.test(name))] : USUAL;
  await Promise.all(tried.map(look));
  const found = filesOf(there);
  if (!found.names.some((name) => /safetensors/.test(name)))
    throw usageError(
      `${path}: there is none of ${tried.join(', ')}`,
      'check the path, or name the files that are there',
    );
  const index = found.names.find((name) => /index\.json$/.test(name));
  if (index === undefined) return found;
  const { weight_map: map = {} } = await readJson(found, index);
  await Promise.all([...new Set(Object.values(map as Record<string, string>))].map(look));
  return filesOf(there);
}

/** The whole of a file that is to be written, in memory. */
export async function bytesOf({ pieces }: OutputFile): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return concat(all);
}

/** @throws usage error: the folder has no such file. */
export const noSuchFile = (name: string, names: readonly string[]) =>
  usageError(`${name}: there is no such file in the folder`, `it has: ${names.slice(0, 20).join(', ') || 'no files'}`);

const LONGEST_JSON = 1 << 28;

/** The JSON object in a file of the folder. */
export async function readJson(files: Files, name: string): Promise<Record<string, unknown>> {
  const source = await files.open(name);
  const wrong = (what: string) => dataError(`${name}: ${what}`, 'the file is damaged: copy or download it again');
  if (source.size > LONGEST_JSON) throw wrong(`should be JSON of at most ${LONGEST_JSON} bytes, got ${source.size}`);
  const bytes = await readExactly(source, 0, source.size, name);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw wrong(`should be JSON (${(error as Error).message})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('should hold a JSON object');
  return value as Record<string, unknown>;
}
