// The manifest of a run: what was asked, what computed it, and the hashes of what it read and wrote, so that anyone can run
// it again and compare. Paths in it are relative to the folder of the manifest. And the identity of a run: the canonical
// description with each path replaced by the hash of what it names; two runs of one identity have the same bits.

import { dataError, usageError } from '../errors.js';
import { canonical, parseSpec, type RunSpec } from '../spec.js';
import type { Outcome } from '../stop.js';

export interface FileHash {
  readonly path: string;
  readonly sha256: string;
}

export interface Manifest {
  readonly spec: RunSpec;
  readonly versions: Readonly<Record<string, string>>;
  /** The build of the kernels: 'reference' or 'simd128'. */
  readonly kernels: string;
  readonly threads: number;
  readonly inputs: readonly FileHash[];
  readonly outputs: readonly FileHash[];
  readonly outcome: Outcome;
}

/** The keys of spec.data that name a file. */
const PATHS = ['matrix', 'operator', 'design', 'measurements', 'truth', 'ratings', 'test'] as const;

/** The files that a description names, in a fixed order, each once. */
export const inputsOf = (spec: RunSpec): string[] => {
  const data = spec.data as Readonly<Record<string, unknown>>;
  return [...new Set(PATHS.map((key) => data[key]).filter((path) => typeof path === 'string'))];
};

/** The description with every path replaced by change(path). */
export const withPaths = (spec: RunSpec, change: (path: string) => string): RunSpec => {
  const data: Record<string, unknown> = { ...spec.data };
  for (const key of PATHS) if (typeof data[key] === 'string') data[key] = change(data[key]);
  return { ...spec, data } as RunSpec;
};

/** The canonical description of what is computed, free of paths. inputs: the hash of every file that spec names. */
export const identity = (spec: RunSpec, inputs: readonly FileHash[]): string => {
  const hashes = new Map(inputs.map(({ path, sha256 }) => [path, sha256]));
  return canonical(withPaths(spec, (path) => `sha256:${hashes.get(path)}`));
};

/** The text of a manifest file. */
export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`;

/**
 * A description, or a manifest, from the text of a file.
 * @throws data error where the text is not JSON, usage error where the description is wrong.
 */
export function parseDescription(text: string, name: string): { spec: RunSpec; manifest?: Manifest } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(
      `${name}: should be JSON: ${(error as Error).message}`,
      'see docs/run-spec.md for a description of a run',
    );
  }
  if (typeof json !== 'object' || json === null || !('spec' in json)) return { spec: parseSpec(json) };
  const { inputs, outputs, ...rest } = json as Manifest;
  if (![inputs, outputs].every((files) => Array.isArray(files) && files.every(isFileHash)))
    throw dataError(
      `${name}: a manifest should list inputs and outputs as { path, sha256 }`,
      'write it again with lorank run',
    );
  const spec = parseSpec(rest.spec);
  return { spec, manifest: { ...rest, spec, inputs, outputs } };
}

const isFileHash = (entry: unknown): entry is FileHash => {
  const { path, sha256 } = (entry ?? {}) as Partial<FileHash>;
  return typeof path === 'string' && typeof sha256 === 'string';
};

/** The first difference between two identities, for a person. */
export function difference(ours: string, theirs: string): string {
  const found = firstDifference(JSON.parse(ours), JSON.parse(theirs), '');
  return found ?? 'the descriptions differ';
}

function firstDifference(a: unknown, b: unknown, path: string): string | undefined {
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = firstDifference(
        (a as Record<string, unknown>)[key],
        (b as Record<string, unknown>)[key],
        path ? `${path}.${key}` : key,
      );
      if (found) return found;
    }
    return undefined;
  }
  return a === b ? undefined : `${path} is ${JSON.stringify(a)} here and ${JSON.stringify(b)} there`;
}

/** @throws usage error unless the checkpoint belongs to this run. */
export function requireSameRun(ours: string, theirs: string, checkpoint: string): void {
  if (ours !== theirs)
    throw usageError(
      `${checkpoint} is the checkpoint of another run: ${difference(ours, theirs)}`,
      'repeat the command that made it, or start anew with --force and without --resume',
    );
}
