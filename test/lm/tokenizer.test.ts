// Text ↔ tokens.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byteTokens, openTokenizer } from '../../src/lm/tokenizer.js';
import { filesOf } from '../../src/lora/files.js';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const json = new Uint8Array(readFileSync(new URL('tokenizer.json', import.meta.url)));

describe('bytes', () => {
  it('give the text back, and are the vocabulary of 256 where a folder has no tokenizer', async () => {
    expect(byteTokens.decode(byteTokens.encode('héllo\n'))).toBe('héllo\n');
    expect(await openTokenizer(filesOf({}), 256)).toBe(byteTokens);
    await expect(openTokenizer(filesOf({}), 300)).rejects.toThrow('has no tokenizer.json, and its vocabulary of 300');
  });
});

describe('tokenizer.json', () => {
  // A byte-level BPE of 280 tokens trained by the tokenizers package of Python, and what that package says of these texts.
  const cases: [string, number[]][] = [
    ['the other fox, then', [258, 261, 258, 82, 221, 270, 88, 12, 259, 78]],
    [' über 3 dogs\n\n<|end|>', [221, 128, 121, 66, 269, 221, 19, 263, 83, 199, 199, 0]],
  ];
  it.each(cases)('takes %j as Python does', async (text, ids) => {
    const tokenizer = await openTokenizer(filesOf({ 'tokenizer.json': json }), 280);
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(Int32Array.from(ids.filter((id) => id !== 0)))).toBe(text.replace('<|end|>', ''));
  });
  it('knows the token that ends a text from its configuration', async () => {
    const config = bytes({ eos_token: { content: '<|end|>' } });
    const files = filesOf({ 'tokenizer.json': json, 'tokenizer_config.json': config });
    expect((await openTokenizer(files, 280)).end).toBe(0);
    expect((await openTokenizer(filesOf({ 'tokenizer.json': json }), 280)).end).toBeUndefined();
  });
  it('that is none is refused', async () => {
    await expect(openTokenizer(filesOf({ 'tokenizer.json': bytes({}) }), 280)).rejects.toThrow(
      'tokenizer.json: cannot be used',
    );
  });
});
