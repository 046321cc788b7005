// The examples of the pages: fenced blocks of TypeScript (ts) and of commands (sh), in their order.
//
//   ```text output      is what the block before it prints, to the letter
//   <!-- sh … -->       a block that readers do not need: it makes the data that an example takes for granted

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './code.js';

export interface Block {
  readonly language: 'ts' | 'sh';
  readonly text: string;
  readonly line: number;
  readonly output?: string;
}

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll('\r\n', '\n');
  const found: (Block & { output?: string })[] = [];
  for (const match of text.matchAll(/^(?:```(\w+)([^\n]*)\n([\s\S]*?)^```|<!-- (sh|ts)\n([\s\S]*?)^-->)/gm)) {
    const language = match[1] ?? match[4];
    const body = match[3] ?? match[5];
    const line = text.slice(0, match.index).split('\n').length;
    if (language === 'ts' || language === 'sh') found.push({ language, text: body, line });
    else if (language === 'text' && match[2].trim() === 'output') {
      const last = found.pop();
      if (!last) throw new Error(`${page}:${line}: an output without a block before it`);
      found.push({ ...last, output: body });
    }
  }
  return found;
}
