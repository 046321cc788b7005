// The text of a training: a file of text, or a line of JSON for each document or example.

import { readFile } from 'node:fs/promises';
import { dataError } from '../../errors.js';
import type { Example } from '../../lm/text.js';
import type { TextTokens } from '../../lm/tokenizer.js';
import { checkInputs, sha256Of } from '../files.js';

export interface ReadText {
  /** Tokens of the whole text, or examples. */
  readonly data: Int32Array | readonly Example[];
  readonly tokens: number;
  readonly sha256: string;
}

/** Documents are joined by the token that ends a text, or by a new line. */
export async function readText(path: string, tokenizer: TextTokens): Promise<ReadText> {
  await checkInputs([path]);
  const bytes = await readFile(path);
  const text = new TextDecoder().decode(bytes);
  const sha256 = sha256Of([bytes]);
  const end = tokenizer.end === undefined ? tokenizer.encode('\n') : Int32Array.of(tokenizer.end);
  const whole = (data: Int32Array): ReadText => ({ data, tokens: data.length, sha256 });
  if (!/\.(jsonl|ndjson)$/.test(path)) return whole(tokenizer.encode(text));
  const lines = text.split('\n').map((line, i) => ({ line, number: i + 1 }));
  const rows = lines.filter(({ line }) => line.trim() !== '').map(({ line, number }) => parse(path, line, number));
  if (rows.length === 0) throw dataError(`${path}: there should be at least one line of JSON`, 'name another file');
  if (rows.every((row) => 'text' in row)) {
    const documents = rows.flatMap(({ text }) => [tokenizer.encode(text!), end]);
    return whole(joined(documents));
  }
  if (!rows.every((row) => 'prompt' in row))
    throw dataError(
      `${path}: lines should all have "text", or all have "prompt" and "completion"`,
      'bring them into one form',
    );
  const examples = rows.map(({ prompt, completion }): Example => {
    const asked = tokenizer.encode(prompt!);
    return { tokens: joined([asked, tokenizer.encode(completion!), end]), from: asked.length };
  });
  return { data: examples, tokens: examples.reduce((sum, { tokens }) => sum + tokens.length, 0), sha256 };
}

interface Row {
  readonly text?: string;
  readonly prompt?: string;
  readonly completion?: string;
}

function parse(path: string, line: string, number: number): Row {
  let row: Record<string, unknown>;
  try {
    row = JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    throw dataError(`${path}, line ${number}: should be JSON (${(error as Error).message})`, 'correct the line');
  }
  const is = (key: string) => typeof row?.[key] === 'string';
  if (is('text')) return { text: row.text as string };
  if (is('prompt') && is('completion')) return { prompt: row.prompt as string, completion: row.completion as string };
  throw dataError(
    `${path}, line ${number}: should have "text", or "prompt" and "completion", got ${Object.keys(row ?? {}).join(', ') || 'none'}`,
    'rename the fields',
  );
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let from = 0;
  for (const part of parts) {
    all.set(part, from);
    from += part.length;
  }
  return all;
}
