// The manifest of predictions. It is like that of a run, but nothing is computed that has kernels, threads or an outcome.

import type { FileHash } from '../engine/manifest.js';
import { dataError } from '../errors.js';
import type { Column } from '../io/columns.js';
import { exists, readWhole } from './files.js';

/** What was predicted. Paths are relative to the manifest. */
export interface PredictSpec {
  readonly lorank: 1;
  readonly task: 'predict';
  readonly fit: string;
  readonly pairs: string;
  readonly user?: Column;
  readonly item?: Column;
}

export interface PredictionManifest {
  readonly spec: PredictSpec;
  readonly versions: Readonly<Record<string, string>>;
  readonly inputs: readonly FileHash[];
  readonly outputs: readonly FileHash[];
}

/** The manifest in a file; undefined where there is none of this task: others read and judge the file then. */
export async function readPredictionManifest(path: string): Promise<PredictionManifest | undefined> {
  if (!exists(path)) return undefined;
  const text = new TextDecoder().decode(await readWhole(path));
  if (!text.includes('"predict"')) return undefined;
  let json: Partial<PredictionManifest>;
  try {
    json = JSON.parse(text) as Partial<PredictionManifest>;
  } catch {
    return undefined;
  }
  if (json.spec?.task !== 'predict') return undefined;
  const isFile = (one: unknown): one is FileHash =>
    typeof (one as FileHash)?.path === 'string' && typeof (one as FileHash).sha256 === 'string';
  const { fit, pairs } = json.spec;
  const paths = typeof fit === 'string' && typeof pairs === 'string';
  if (!paths || ![json.inputs, json.outputs].every((files) => Array.isArray(files) && files.every(isFile)))
    throw dataError(
      `${path}: the manifest of predictions should have a fit, pairs, and inputs and outputs as { path, sha256 }`,
      'write it again with lorank predict',
    );
  return json as PredictionManifest;
}
