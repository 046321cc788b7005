// s of each layer of a file: by adapter_config.json; by α in tensors, which goes before it; or, in files of diffusers, by what
// their metadata says for each part of a pipeline: lora_adapter_metadata, {"unet.r": 16, "unet.lora_alpha": 32, …} as JSON.

import { dataError } from '../errors.js';
import { type PeftConfig, parsePeftConfig, scalingOf } from './config.js';

/** α and s of a layer. r: its rank; own: the α of a tensor of its own. */
export type Scaling = (path: string, r: number, own?: number) => { readonly alpha: number; readonly scaling: number };

const KEY = 'lora_adapter_metadata';

/** The scalings of a file with this metadata, and of this config where there is one. */
export function scalingsIn(config: PeftConfig | undefined, metadata: Readonly<Record<string, string>>): Scaling {
  if (config || metadata[KEY] === undefined) return (path, r, own) => scalingOf(config, path, r, own);
  const parts = partsOf(metadata[KEY]);
  return (path, r, own) => {
    const part = parts.find(({ prefix }) => path.startsWith(prefix));
    const { scaling } = scalingOf(part?.config, part ? path.slice(part.prefix.length) : path, r, own);
    return { alpha: scaling * r, scaling }; // without rsLoRA, of which only the metadata knew
  };
}

/** Metadata without what the scalings have taken up. */
export const withoutScalings = ({ [KEY]: _, ...rest }: Readonly<Record<string, string>>) => rest;

function partsOf(text: string): { prefix: string; config: PeftConfig }[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw dataError(
      `${KEY} in the metadata of the file should be an object in JSON, got ${text.slice(0, 40)}`,
      'without it the scaling of the layers is unknown: save the adapter again',
    );
  const fields = new Map<string, Record<string, unknown>>();
  for (const [key, value] of Object.entries(json)) {
    const dot = key.indexOf('.') + 1;
    const prefix = key.slice(0, dot);
    fields.set(prefix, { ...fields.get(prefix), [key.slice(dot)]: value });
  }
  return [...fields]
    .filter(([prefix]) => prefix !== '')
    .map(([prefix, part]) => ({
      prefix,
      config: parsePeftConfig({ ...part, peft_type: 'LORA' }, `${KEY} of ${prefix}`),
    }));
}
