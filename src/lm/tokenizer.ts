// Text ↔ tokens: by the tokenizer.json of a folder (the package is loaded when the first one is opened), or, of a model
// with a vocabulary of 256 and none in its folder, by the bytes of UTF-8.

import { dataError } from '../errors.js';
import { type Files, readJson } from '../lora/files.js';

/** Text as tokens of a model. */
export interface TextTokens {
  /** Without the special tokens around a text. */
  encode(text: string): Int32Array;
  decode(tokens: Int32Array): string;
  /** The token that ends a text, where there is one. */
  readonly end?: number;
  /** 'bytes', or 'tokenizer.json'. */
  readonly name: string;
}

/** The bytes of a text as tokens. */
export const byteTokens: TextTokens = {
  name: 'bytes',
  encode: (text) => Int32Array.from(new TextEncoder().encode(text)),
  decode: (tokens) => new TextDecoder().decode(Uint8Array.from(tokens)),
};

/** @param vocabulary of the model in the folder. */
export async function openTokenizer(files: Files, vocabulary: number): Promise<TextTokens> {
  if (!files.names.includes('tokenizer.json')) {
    if (vocabulary === 256) return byteTokens;
    throw dataError(
      `the folder of the model has no tokenizer.json, and its vocabulary of ${vocabulary} is not that of bytes`,
      'put the tokenizer.json of the model beside its weights',
    );
  }
  const [json, config] = [
    await readJson(files, 'tokenizer.json'),
    files.names.includes('tokenizer_config.json') ? await readJson(files, 'tokenizer_config.json') : {},
  ];
  const { Tokenizer } = await import('@huggingface/tokenizers');
  let tokenizer: InstanceType<typeof Tokenizer>;
  try {
    tokenizer = new Tokenizer(json, config);
  } catch (cause) {
    throw dataError(`tokenizer.json: cannot be used (${(cause as Error).message})`, 'download it again');
  }
  const named = config.eos_token as string | { content?: string } | undefined;
  const content = typeof named === 'string' ? named : named?.content;
  return {
    name: 'tokenizer.json',
    encode: (text) => Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode: (tokens) => tokenizer.decode(Array.from(tokens)),
    end: content === undefined ? undefined : tokenizer.token_to_id(content),
  };
}
