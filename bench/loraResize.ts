// Resizing: a rank-128 adapter of 200 layers of 4096×4096 to rank 32, through the built command line.
// node scripts/bench.mjs loraResize [folder]: the adapter takes 0.84 GB in the folder (default: the system's), and is removed.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { normals, stream } from '../src/random/index.js';

const [LAYERS, RANK, TO, D] = [200, 128, 32, 4096];

/** Writes the adapter from two factors, turned a little from layer to layer: component k falls as 1/(1 + k/8). */
function adapter(folder: string): void {
  const fall = (k: number) => 0.02 / (1 + k / 8);
  const A = Float32Array.from(normals(stream(1, 'A'), RANK * D), (x, t) => x * fall(Math.floor(t / D)));
  const B = Float32Array.from(normals(stream(1, 'B'), RANK * D), (x, t) => x * fall(t % RANK));
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (let l = 0; l < LAYERS; l++)
    for (const [i, shape] of [
      [RANK, D],
      [D, RANK],
    ].entries()) {
      const name = `base_model.model.model.layers.${String(l).padStart(3, '0')}.q_proj.lora_${'AB'[i]}.weight`;
      const start = (2 * l + i) * 4 * RANK * D;
      header[name] = { dtype: 'F32', shape, data_offsets: [start, start + 4 * RANK * D] };
    }
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(text.length));
  const out = openSync(join(folder, 'adapter_model.safetensors'), 'w');
  for (const bytes of [head, text]) writeSync(out, bytes);
  for (let l = 0; l < LAYERS; l++)
    for (const F of [A, B]) {
      F[l * 97] *= -1;
      writeSync(out, new Uint8Array(F.buffer));
    }
  closeSync(out);
  const config = { peft_type: 'LORA', r: RANK, lora_alpha: 2 * RANK, target_modules: ['q_proj'] };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
}

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'lorank-bench-resize-'));
try {
  adapter(folder);
  for (const threads of new Set([1, availableParallelism()])) {
    const argv = [
      'dist/node/cli.js',
      'lora',
      'resize',
      folder,
      '-r',
      String(TO),
      '--threads',
      String(threads),
      '--json',
    ];
    const start = performance.now();
    const ended = spawnSync(process.execPath, [...argv, '-o', `${folder}.out`, '--force'], { encoding: 'utf8' });
    const seconds = (performance.now() - start) / 1e3;
    if (ended.status !== 0) throw new Error(ended.stderr);
    const { error } = JSON.parse(ended.stdout) as { error: number };
    console.log(`${threads} threads: ${seconds.toFixed(1)} s, error ${error.toPrecision(4)} of ‖ΔW‖`);
  }
} finally {
  for (const path of [folder, `${folder}.out`]) rmSync(path, { recursive: true, force: true });
}
