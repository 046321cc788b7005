// adapter_config.json: what PEFT needs to know of an adapter, and the scaling s that follows from it.

import { dataError } from '../errors.js';

/** The config of a LoRA adapter, by PEFT's names. Fields that are not listed here are carried through. */
export interface PeftConfig {
  readonly peft_type: 'LORA';
  /** Rank of the layers that rank_pattern does not name. */
  readonly r: number;
  /** α of the layers that alpha_pattern does not name. */
  readonly lora_alpha: number;
  /** By a regular expression that the end of a module path matches: rank, and α. */
  readonly rank_pattern: Readonly<Record<string, number>>;
  readonly alpha_pattern: Readonly<Record<string, number>>;
  /** s = α/√r instead of α/r. */
  readonly use_rslora: boolean;
  readonly use_dora: boolean;
  /** The weights are stored inputs×outputs, as those of GPT-2. */
  readonly fan_in_fan_out: boolean;
  readonly init_lora_weights: boolean | string;
  readonly target_modules: string | readonly string[] | null;
  readonly modules_to_save: readonly string[] | null;
  readonly base_model_name_or_path: string | null;
  readonly [other: string]: unknown;
}

const DEFAULTS: PeftConfig = {
  peft_type: 'LORA',
  task_type: null,
  base_model_name_or_path: null,
  inference_mode: true,
  r: 8,
  lora_alpha: 8,
  lora_dropout: 0,
  rank_pattern: {},
  alpha_pattern: {},
  use_rslora: false,
  use_dora: false,
  fan_in_fan_out: false,
  bias: 'none',
  init_lora_weights: true,
  target_modules: null,
  modules_to_save: null,
};

/** A config with the fields given and PEFT's defaults for the others. */
export const peftConfig = (fields: Partial<PeftConfig>): PeftConfig => ({ ...DEFAULTS, ...fields });

/** Checks a config that was read. from: where, for errors. */
export function parsePeftConfig(json: Readonly<Record<string, unknown>>, from = 'adapter_config.json'): PeftConfig {
  const wrong = (what: string, hint = 'this reads LoRA adapters of PEFT') => dataError(`${from}: ${what}`, hint);
  if (json.peft_type !== 'LORA') throw wrong(`peft_type should be LORA, got ${JSON.stringify(json.peft_type)}`);
  const config = peftConfig(json as Partial<PeftConfig>);
  const positive = (name: string, x: unknown) => {
    if (typeof x !== 'number' || !(x > 0 && x < Infinity))
      throw wrong(`${name} should be a positive number, got ${JSON.stringify(x)}`, 'correct it by hand');
  };
  positive('r', config.r);
  positive('lora_alpha', config.lora_alpha);
  for (const name of ['rank_pattern', 'alpha_pattern'] as const) {
    const pattern = config[name] ?? {};
    if (typeof pattern !== 'object' || Array.isArray(pattern)) throw wrong(`${name} should be an object`);
    for (const [key, value] of Object.entries(pattern)) positive(`${name} of ${key}`, value);
  }
  return { ...config, rank_pattern: config.rank_pattern ?? {}, alpha_pattern: config.alpha_pattern ?? {} };
}

/** Whether the base is no longer the model that the adapter was made for after init_lora_weights of this kind. */
export const initMovesBase = (init: PeftConfig['init_lora_weights'] | undefined): boolean =>
  typeof init === 'string' && /^(pissa|olora|corda|lora_ga|loftq|milora)/.test(init);

/** The config with other target_modules, which nothing narrows: layers_to_transform and the like belonged to the old ones. */
export function withTargets(config: PeftConfig, target_modules: PeftConfig['target_modules']): PeftConfig {
  const { layers_to_transform: _, layers_pattern: __, exclude_modules: ___, ...rest } = config;
  return { ...rest, target_modules };
}

/** What target_modules means, as text: the field, and those that narrow it. */
export const targetsOf = (config: PeftConfig): string =>
  JSON.stringify(
    ['target_modules', 'layers_to_transform', 'layers_pattern', 'exclude_modules'].map(
      (field) => config[field] ?? null,
    ),
  );

/** Whether PEFT puts an adapter on the module: target_modules covers it, and nothing leaves it out. */
export function isTarget(config: PeftConfig, path: string): boolean {
  const { target_modules: targets, exclude_modules: excluded, layers_to_transform: layers, layers_pattern } = config;
  if (excluded && matches(excluded, path, false)) return false;
  if (targets === null || targets === 'all-linear') return true;
  if (typeof targets === 'string' || targets.includes(path)) return matches(targets, path, true);
  if (!matches(targets, path, true)) return false;
  if (layers === undefined || layers === null) return true;
  const patterns = [layers_pattern ?? []].flat();
  for (const pattern of patterns.length > 0 ? patterns : ['[^.]*']) {
    const number = read(`^.*\\.${pattern}\\.(\\d+)\\.`)?.exec(path)?.[1];
    if (number !== undefined) return [layers].flat().includes(Number(number));
  }
  return false;
}

/** A regular expression; none where it is written for Python, and not to be judged here. */
function read(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}

/** A regular expression for the whole path, or names of which the path is one or ends in one. */
function matches(names: unknown, path: string, unread: boolean): boolean {
  if (Array.isArray(names)) return names.some((name) => path === name || path.endsWith(`.${name}`));
  return read(`^(?:${names})$`)?.test(path) ?? unread;
}

/** The entry of a pattern for a module: of the first key that the whole path or the end of it matches, as PEFT has it. */
export function patternFor(pattern: Readonly<Record<string, number>>, path: string): number | undefined {
  for (const [key, value] of Object.entries(pattern)) {
    if (path === key || path.endsWith(`.${key}`)) return value;
    if (read(`^(.*\\.)?(${key})$`)?.test(path)) return value;
  }
  return undefined;
}

/**
 * α and s of a layer of rank r. own: the α that the file holds for this layer, which goes before the config. Without
 * either, α = r.
 */
export function scalingOf(
  config: PeftConfig | undefined,
  path: string,
  r: number,
  own?: number,
): { alpha: number; scaling: number } {
  const alpha = own ?? (config ? (patternFor(config.alpha_pattern, path) ?? config.lora_alpha) : r);
  return { alpha, scaling: config?.use_rslora ? alpha / Math.sqrt(r) : alpha / r };
}
