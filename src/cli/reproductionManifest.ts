// The manifest of a reproduction. It is like that of a run, but its description names a paper in place of data and method.

import type { FileHash } from '../engine/manifest.js';
import { dataError } from '../errors.js';
import { exists, readWhole } from './files.js';

/** What was reproduced. */
export interface ReproduceSpec {
  readonly lorank: 1;
  readonly task: 'reproduce';
  readonly paper: string;
  readonly size: 'quick' | 'full';
  readonly seed: number;
}

export interface ReproductionManifest {
  readonly spec: ReproduceSpec;
  readonly versions: Readonly<Record<string, string>>;
  readonly kernels: string;
  readonly threads: number;
  readonly inputs: readonly FileHash[];
  readonly outputs: readonly FileHash[];
  readonly outcome: 'supported' | 'contradicted';
}

/** The manifest in a file; undefined where there is none of this task: others read and judge the file then. */
export async function readManifest(path: string): Promise<ReproductionManifest | undefined> {
  if (!exists(path)) return undefined;
  const text = new TextDecoder().decode(await readWhole(path));
  if (!text.includes('"reproduce"')) return undefined;
  let json: Partial<ReproductionManifest>;
  try {
    json = JSON.parse(text) as Partial<ReproductionManifest>;
  } catch {
    return undefined;
  }
  if (json.spec?.task !== 'reproduce') return undefined;
  const { paper, size, seed } = json.spec;
  const isFile = (one: unknown): one is FileHash =>
    typeof (one as FileHash)?.path === 'string' && typeof (one as FileHash).sha256 === 'string';
  const whole =
    typeof paper === 'string' &&
    (size === 'quick' || size === 'full') &&
    Number.isSafeInteger(seed) &&
    seed >= 0 &&
    Array.isArray(json.outputs) &&
    json.outputs.every(isFile);
  if (!whole)
    throw dataError(
      `${path}: the manifest of a reproduction should have a paper, a size, a seed and outputs as { path, sha256 }`,
      'write it again with lorank reproduce',
    );
  return json as ReproductionManifest;
}
