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

/** Checks a config that was read. */
export function parsePeftConfig(json: Readonly<Record<string, unknown>>): PeftConfig {
  const wrong = (what: string, hint = 'this reads LoRA adapters of PEFT') =>
    dataError(`adapter_config.json: ${what}`, hint);
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

/** The entry of a pattern for a module: of the first key that the whole path or the end of it matches, as PEFT has it. */
export function patternFor(pattern: Readonly<Record<string, number>>, path: string): number | undefined {
  for (const [key, value] of Object.entries(pattern)) {
    if (path === key || path.endsWith(`.${key}`)) return value;
    try {
      if (new RegExp(`^(.*\\.)?(${key})$`).test(path)) return value;
    } catch {
      // no regular expression in this dialect: only its own text matches it
    }
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
