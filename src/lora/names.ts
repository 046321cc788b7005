// What the tensors of an adapter are called:
//
//   PEFT       base_model.model.<path>.lora_A.weight, .lora_B.weight; .lora_embedding_A, .lora_embedding_B
//   diffusers  <path>.lora_A.weight, .lora_B.weight, or .lora.down.weight, .lora.up.weight
//              (older: <attention>.processor.to_q_lora.down.weight, read as <attention>.to_q)
//   kohya      lora_unet_<path with _ for .>.lora_down.weight, .lora_up.weight, and .alpha for α

/** The dialects. */
export type Dialect = 'peft' | 'diffusers' | 'kohya';

/** The names of an adapter's tensors, by what they are. */
export interface AdapterNames {
  readonly dialect: Dialect;
  /** Of each module path the names of A and B. */
  readonly pairs: ReadonlyMap<string, { A: string; B: string; embedding: boolean }>;
  /** Of a module path the name of the scalar α. */
  readonly alphas: ReadonlyMap<string, string>;
  /** The rest, in the order given. */
  readonly others: readonly string[];
}

const PREFIX = 'base_model.model.';
const FACTOR =
  /^(.*?)\.?(?:(lora_embedding_)([AB])|lora_([AB])(?:\.default)?\.weight|lora[._](down|up)\.weight|(alpha))$/;

/** Sorts the names of an adapter's tensors. A factor without its twin counts as one of the others. */
export function namesOf(keys: readonly string[]): AdapterNames {
  const halves = new Map<string, { A?: string; B?: string; embedding: boolean }>();
  const alphas = new Map<string, string>();
  let dialect: Dialect | undefined;
  for (const key of keys) {
    const match = FACTOR.exec(key);
    if (!match?.[1]) continue;
    const [, stem, embedding, ofEmbedding, ofLinear, direction, alpha] = match;
    const path = (stem.startsWith(PREFIX) ? stem.slice(PREFIX.length) : stem)
      .replace(/\.processor\.(to_\w+)_$/, '.$1')
      .replace(/\.to_out$/, '.to_out.0');
    if (alpha) {
      alphas.set(path, key);
      continue;
    }
    dialect ??= stem.startsWith(PREFIX) ? 'peft' : direction && !stem.includes('.') ? 'kohya' : 'diffusers';
    const part = ofEmbedding ?? ofLinear ?? (direction === 'down' ? 'A' : 'B');
    const half = halves.get(path) ?? { embedding: embedding !== undefined };
    half[part as 'A' | 'B'] = key;
    halves.set(path, half);
  }
  const pairs = new Map<string, { A: string; B: string; embedding: boolean }>();
  for (const [path, { A, B, embedding }] of halves) if (A && B) pairs.set(path, { A, B, embedding });
  const used = new Set([...pairs.values()].flatMap(({ A, B }) => [A, B]));
  for (const [path, key] of alphas) {
    if (pairs.has(path)) used.add(key);
    else alphas.delete(path);
  }
  return { dialect: dialect ?? 'peft', pairs, alphas, others: keys.filter((key) => !used.has(key)) };
}
