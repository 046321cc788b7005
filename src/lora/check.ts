// What is wrong with an adapter, before a run of hours finds out. Faults keep it from loading, or make it mean something else
// than it says; warnings may be intended. Each comes with its repair. Nothing is changed, and nothing stops at the first.

import { LorankError } from '../errors.js';
import { openSafetensors, type Safetensors } from '../io/safetensors.js';
import type { Kernels } from '../kernels/contract.js';
import { checkBase } from './checkBase.js';
import { checkNumbers } from './checkNumbers.js';
import type { Checkpoint } from './checkpoint.js';
import { initMovesBase, isTarget, type PeftConfig, parsePeftConfig, patternFor, scalingOf } from './config.js';
import { type Files, readJson } from './files.js';
import { type AdapterNames, namesOf } from './names.js';
import { scalingsIn } from './scaling.js';

/** One thing found. */
export interface Finding {
  /** fault: it will not load, or not do what it says. warning: it may be intended. */
  readonly severity: 'fault' | 'warning';
  /** Which check found it. */
  readonly check: 'file' | 'config' | 'keys' | 'shapes' | 'dtypes' | 'numbers' | 'scaling' | 'base';
  /** The module, where it is one. */
  readonly path?: string;
  readonly message: string;
  /** What to do about it. */
  readonly repair: string;
}

/** What checkAdapter gives. */
export interface CheckReport {
  readonly layers: number;
  readonly findings: readonly Finding[];
  /** No fault among them. */
  readonly ok: boolean;
}

/** How the checks report. */
export type Found = (finding: Finding) => void;

/** Checks an adapter, in a folder or one file; with `base`, against the model that it belongs to. */
export async function checkAdapter(
  K: Kernels,
  files: Files,
  { base, onLayer }: { base?: Checkpoint; onLayer?: (done: number, of: number) => void } = {},
): Promise<CheckReport> {
  const findings: Finding[] = [];
  const found: Found = (finding) => void findings.push(finding);
  const done = (layers: number): CheckReport => ({
    layers,
    findings,
    ok: findings.every(({ severity }) => severity !== 'fault'),
  });
  const all = files.names.filter((name) => name.endsWith('.safetensors') && name !== 'base_residual.safetensors');
  const file = all.find((name) => name === 'adapter_model.safetensors') ?? (all.length === 1 ? all[0] : undefined);
  if (!file) {
    const bin = files.names.includes('adapter_model.bin');
    found({
      ...{ severity: 'fault', check: 'file' },
      message: `there should be adapter_model.safetensors or one .safetensors file, got ${files.names.slice(0, 6).join(', ') || 'nothing'}`,
      repair: bin ? 'load adapter_model.bin in Python and save it as safetensors' : 'name the folder of the adapter',
    });
    return done(0);
  }
  const parsed = await attempt(found, 'file', async () => openSafetensors(await files.open(file)));
  if (!parsed) return done(0);
  const names = namesOf([...parsed.tensors.keys()]);
  if (parsed.metadata.base === 'residual')
    found({
      ...{ severity: 'warning', check: 'base' },
      message: `it was started by ${parsed.metadata.method} and belongs on the changed weights of base_residual.safetensors: on the original base it means something else`,
      repair: 'load these weights into the base first, or convert it: lorank lora convert',
    });
  const config = await checkConfig(found, files, names);
  checkKeys(found, names, config);
  const whole = checkShapes(found, parsed, names, config);
  if (config) checkTargets(found, names, config);
  checkDora(found, parsed, names, config);
  const scaling = await attempt(found, 'scaling', async () => scalingsIn(config, parsed.metadata));
  const layers = await checkNumbers(K, found, parsed, names, scaling ?? scalingsIn(config, {}), whole, onLayer);
  if (base) await checkBase(K, found, base, layers, config);
  return done(names.pairs.size);
}

/** A broken promise becomes a fault. */
async function attempt<T>(found: Found, check: Finding['check'], act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof LorankError)) throw error;
    found({ severity: 'fault', check, message: error.message, repair: error.hint ?? 'write the file again' });
    return undefined;
  }
}

const INITS = /^(gaussian|eva|olora|pissa(_niter_\d+)?|loftq|corda|orthogonal|lora_ga|mica)$/;

async function checkConfig(found: Found, files: Files, names: AdapterNames): Promise<PeftConfig | undefined> {
  if (!files.names.includes('adapter_config.json')) {
    if (names.dialect === 'peft')
      found({
        ...{ severity: 'fault', check: 'config' },
        message: 'adapter_config.json is missing: PEFT does not load an adapter without it, and its scaling is unknown',
        repair: 'write one with at least peft_type "LORA", r, lora_alpha and target_modules',
      });
    return undefined;
  }
  const config = await attempt(found, 'config', async () =>
    parsePeftConfig(await readJson(files, 'adapter_config.json')),
  );
  const init = config?.init_lora_weights;
  if (typeof init === 'string' && !INITS.test(init))
    found({
      ...{ severity: 'fault', check: 'config' },
      message: `init_lora_weights is "${init}", which PEFT does not know: it refuses the adapter`,
      repair: initMovesBase(init)
        ? 'convert it to a plain adapter: lorank lora convert; with true alone it would mean the base as it was'
        : 'set init_lora_weights to true: the factors are in the file',
    });
  else if (initMovesBase(init))
    found({
      ...{ severity: 'warning', check: 'config' },
      message: `init_lora_weights is "${init}": PEFT changes the weights of the base when it loads this adapter, and other adapters on the same base go wrong`,
      repair: 'convert it to a plain adapter: lorank lora convert',
    });
  return config;
}

function checkKeys(found: Found, names: AdapterNames, config: PeftConfig | undefined): void {
  if (names.pairs.size === 0)
    found({
      ...{ severity: 'fault', check: 'keys' },
      message: `no pair of factors is in the file, got ${names.others.slice(0, 4).join(', ') || 'no tensors'}`,
      repair: 'this is no LoRA adapter, or one of a program that names its tensors in another way',
    });
  for (const key of names.others) {
    const half = /^(.*)\.(lora_(?:embedding_)?([AB])(\.weight)?|lora[._](down|up)\.weight|alpha)$/.exec(key);
    if (half)
      found({
        ...{ severity: 'fault', check: 'keys' },
        message: `${key} has no twin: ${half[2] === 'alpha' ? 'there are no factors' : 'the other factor of its layer is missing'}`,
        repair: 'save the adapter again, or drop the key',
      });
    else if (!/lora_magnitude_vector|lora_B\.bias$|dora_scale$/.test(key) && !saved(config, key))
      found({
        ...{ severity: 'warning', check: 'keys' },
        message: `${key} is no factor, and modules_to_save does not name it: programs that read the adapter ignore it`,
        repair: 'name its module in modules_to_save, or drop the key',
      });
  }
  if (config === undefined) return;
  for (const [path, { A }] of names.pairs) {
    if (!A.startsWith('base_model.model.'))
      found({
        ...{ severity: 'fault', check: 'keys', path },
        message: `${A} does not begin with base_model.model.: PEFT ignores it without a word`,
        repair: 'rename the keys: lorank lora convert',
      });
    else if (A.endsWith('.default.weight'))
      found({
        ...{ severity: 'fault', check: 'keys', path },
        message: `${A} holds the name of the adapter, which PEFT puts in again when it loads: the layer stays untrained`,
        repair: 'drop ".default" from the keys; save with save_pretrained instead of the state dict',
      });
  }
  for (const module of config.modules_to_save ?? [])
    if (!names.others.some((key) => key.includes(`.${module}.`)))
      found({
        ...{ severity: 'fault', check: 'keys' },
        message: `modules_to_save names ${module}, and no tensor of it is in the file`,
        repair: 'save the adapter again, or take the name out',
      });
}

const saved = (config: PeftConfig | undefined, key: string): boolean =>
  (config?.modules_to_save ?? []).some((module) => key.includes(`.${module}.`));

/** Returns the paths whose factors can be read. */
function checkShapes(
  found: Found,
  { tensors }: Safetensors,
  names: AdapterNames,
  config: PeftConfig | undefined,
): Set<string> {
  const whole = new Set<string>();
  const types = new Map<string, number>();
  for (const [path, { A, B }] of names.pairs) {
    const [a, b] = [tensors.get(A)!, tensors.get(B)!];
    const shapes = `A [${a.shape.join(', ')}], B [${b.shape.join(', ')}]`;
    const fits =
      a.shape.length === b.shape.length &&
      (a.shape.length === 2 || a.shape.length === 4) &&
      a.shape[0] === b.shape[1] &&
      a.shape[0] > 0 &&
      b.shape.slice(2).every((n) => n === 1);
    if (!fits)
      found({
        ...{ severity: 'fault', check: 'shapes', path },
        message: `A should be r×inputs and B outputs×r with one r, got ${shapes}`,
        repair:
          a.shape[1] === b.shape[0] ? 'A and B seem to be swapped or transposed' : 'train or extract this layer again',
      });
    for (const { dtype } of [a, b]) types.set(dtype, (types.get(dtype) ?? 0) + 1);
    const float = [a, b].every(({ dtype }) => /^(F64|F32|F16|BF16)$/.test(dtype));
    if (!float)
      found({
        ...{ severity: 'fault', check: 'dtypes', path },
        message: `factors should be F32, F16 or BF16, got ${a.dtype} and ${b.dtype}`,
        repair: 'save the adapter in float32',
      });
    if (!fits || !float) continue;
    whole.add(path);
    const expected = config && (patternFor(config.rank_pattern, path) ?? config.r);
    if (expected !== undefined && expected !== a.shape[0])
      found({
        ...{ severity: 'fault', check: 'shapes', path },
        message: `the config says rank ${expected}, the factors have rank ${a.shape[0]}: PEFT refuses the size`,
        repair: `put "${path}": ${a.shape[0]} into rank_pattern, or correct r`,
      });
    if (a.shape[0] > Math.min(b.shape[0], a.shape[1]))
      found({
        ...{ severity: 'warning', check: 'shapes', path },
        message: `rank ${a.shape[0]} is above the smaller side of ${b.shape[0]}×${a.shape[1]}: it costs memory and adds nothing`,
        repair: 'lorank lora resize',
      });
  }
  if (types.size > 1)
    found({
      ...{ severity: 'warning', check: 'dtypes' },
      message: `the factors are of several types: ${[...types].map(([type, count]) => `${type} ×${count}`).join(', ')}`,
      repair: 'save them in one',
    });
  return whole;
}

/** Which fields leave modules out. */
function narrowed(config: PeftConfig): string {
  const fields = ['layers_to_transform', 'exclude_modules'].filter((field) => (config[field] ?? null) !== null);
  return fields.length > 0 ? ` (narrowed by ${fields.join(' and ')})` : '';
}

function checkTargets(found: Found, names: AdapterNames, config: PeftConfig): void {
  const uncovered = [...names.pairs.keys()].filter((path) => !isTarget(config, path));
  if (uncovered.length > 0)
    found({
      ...{ severity: 'fault', check: 'config', path: uncovered[0] },
      message: `target_modules does not cover ${uncovered.length} of ${names.pairs.size} layers${narrowed(config)}, ${uncovered[0]} first: PEFT drops them without a word`,
      repair: narrowed(config)
        ? 'add their names to target_modules, and correct what narrows it'
        : 'add their names to target_modules',
    });
  for (const field of ['rank_pattern', 'alpha_pattern'] as const)
    for (const key of Object.keys(config[field]))
      if (![...names.pairs.keys()].some((path) => patternFor({ [key]: 1 }, path) !== undefined))
        found({
          ...{ severity: 'warning', check: 'scaling' },
          message: `${field} names ${key}, which matches no layer`,
          repair: 'correct the name or take it out',
        });
  if (config.use_rslora)
    found({
      ...{ severity: 'warning', check: 'scaling' },
      message: `use_rslora scales by α/√r = ${scalingOf(config, '', config.r).scaling.toPrecision(4)}: a program that ignores the flag scales by α/r, √r = ${Math.sqrt(config.r).toPrecision(3)} times less`,
      repair: `where that may happen: use_rslora false and lora_alpha ${Number((config.lora_alpha * Math.sqrt(config.r)).toPrecision(9))}, which means the same`,
    });
  const s = scalingOf(config, '', config.r).scaling;
  if (s > 64 || s < 1 / 64)
    found({
      ...{ severity: 'warning', check: 'scaling' },
      message: `the scaling is ${s.toPrecision(3)} (lora_alpha ${config.lora_alpha}, r ${config.r}), far from the usual 0.5 … 8`,
      repair: 'check lora_alpha',
    });
}

function checkDora(found: Found, { tensors }: Safetensors, names: AdapterNames, config: PeftConfig | undefined): void {
  const magnitudes = new Map(
    names.others
      .map((key) => /^(?:base_model\.model\.)?(.*)\.lora_magnitude_vector(\.weight)?$/.exec(key))
      .filter((match) => match !== null)
      .map((match) => [match[1], match[0]]),
  );
  if (config && !config.use_dora && magnitudes.size > 0)
    found({
      ...{ severity: 'fault', check: 'config' },
      message: `${magnitudes.size} DoRA magnitudes are in the file and use_dora is false: they are ignored`,
      repair: 'set use_dora to true',
    });
  if (config?.use_dora)
    for (const [path, { B }] of names.pairs) {
      const key = magnitudes.get(path);
      const outputs = tensors.get(B)!.shape[0];
      const size = key && tensors.get(key)!.shape.reduce((product, n) => product * n, 1);
      if (size === outputs) continue;
      found({
        ...{ severity: 'fault', check: 'shapes', path },
        message: key
          ? `the DoRA magnitude should have ${outputs} numbers, got ${size}`
          : 'use_dora is true and the magnitude of this layer is missing',
        repair: 'save the adapter again',
      });
    }
}
