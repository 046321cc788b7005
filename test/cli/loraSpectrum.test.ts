// lorank lora spectrum, from the command line: the table, the document, and the page.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { llama } from '../lora/models.js';
import { folder, lorank } from './harness.js';

const disk = folder();
const model = disk.path('model');
beforeAll(() => {
  mkdirSync(model);
  for (const [name, bytes] of Object.entries(llama({ shards: 1 }))) writeFileSync(join(model, name), bytes);
});

describe('lorank lora spectrum', () => {
  it('suggests the least rank that holds the energy, the same in the table, the document and the page', async () => {
    const out = disk.path('model.html');
    const { stdout } = await lorank(['lora', 'spectrum', model, '--energy', '0.57', '-o', out, '--json']);
    const { layers } = JSON.parse(stdout);
    expect(layers).toHaveLength(14);
    const squares = (values: number[]) => values.reduce((sum, x) => sum + x * x, 0);
    for (const { values, norm, suggestedRank: r } of layers) {
      expect(squares(values.slice(0, r))).toBeGreaterThanOrEqual(0.57 * norm * norm);
      expect(squares(values.slice(0, r - 1))).toBeLessThan(0.57 * norm * norm);
    }
    const most = Math.max(...layers.map(({ suggestedRank }: { suggestedRank: number }) => suggestedRank));
    const table = (await lorank(['lora', 'spectrum', model, '--energy', '0.57'])).stdout;
    expect(table).toMatch(/r for 57 %\n/);
    expect(table).toContain(`rank ${most} holds 57 % of ‖·‖_F² in every layer`);

    const page = readFileSync(out, 'utf8');
    expect(page).toContain(`rank ${most} holds 57 % of ‖·‖_F² in every layer`);
    expect(page.match(/<figure>/g)).toHaveLength(1);
    for (const kind of ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'])
      expect(page.match(new RegExp(`>${kind}</text>`, 'g')), kind).toHaveLength(1);
    expect(page).not.toMatch(/<script|src=|href="http|@import|url\(http/);
  });

  it('draws layers of one name in two places apart, and none where all are zero', async () => {
    const out = disk.path('adapter.html');
    await lorank(['lora', 'init', model, '-r', '2', '-o', disk.path('fresh')]);
    const { stdout } = await lorank(['lora', 'spectrum', disk.path('fresh'), '-o', out]);
    expect(stdout).toMatch(/every layer is zero: the adapter has not been trained/);
    expect(readFileSync(out, 'utf8')).not.toMatch(/<svg/);
    const twice = llama({
      shards: 1,
      edit: (tensors) => {
        for (const [name, tensor] of Object.entries(tensors)) {
          delete tensors[name];
          if (/q_proj/.test(name)) for (const part of ['encoder', 'decoder']) tensors[`${part}.${name}`] = tensor;
        }
      },
    });
    await lorank([
      'lora',
      'spectrum',
      disk.write('both.safetensors', twice['model.safetensors']),
      '-o',
      out,
      '--force',
    ]);
    for (const part of ['encoder', 'decoder'])
      expect(readFileSync(out, 'utf8')).toContain(`>${part}.model.layers.#.self_attn.q_proj</text>`);
  });
});
