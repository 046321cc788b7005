// The base that an adapter of pissa, olora or milora needs: W_res = W₀ − s·B A for each of its modules, in f32, so that
// W_res + s·B A = W₀ to f32 rounding. It is made block by block from the base and the factors, and stored as the base stores
// its weights (by the same names, inputs×outputs where it does so).

import type { LazyTensor } from '../io/safetensors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import type { AdapterLayer } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';
import { eachBlock, readAhead, storedShape } from './pass.js';
import type { Module } from './targets.js';

/** The name of the file that holds it. */
export const RESIDUAL_FILE = 'base_residual.safetensors';

/** W_res of each module, by the name of its weight. layer: the factors of a module, read when its turn comes. */
export function residualTensors(
  K: Kernels,
  checkpoint: Checkpoint,
  modules: readonly Module[],
  layer: (path: string) => Promise<AdapterLayer>,
): Record<string, LazyTensor> {
  return Object.fromEntries(
    modules.map((module) => {
      const { shape } = checkpoint.tensors.get(module.weight)!;
      const bytes = async () => {
        const { rows, cols } = storedShape(module);
        const out = matrix(rows, cols, new Float32Array(rows * cols));
        const factors = await layer(module.path);
        await eachBlock(K, readAhead(checkpoint, [module]), module, (block, from) => {
          const to = slice(out, from, from + block.rows);
          out.data.set(block.data, from * cols);
          addProduct(K, -factors.scaling, factors, module, from, to);
        });
        return new Uint8Array(out.data.buffer);
      };
      return [module.weight, { dtype: 'F32', shape, bytes } satisfies LazyTensor];
    }),
  );
}

/** to ← to + α·(the stored rows from, from+1, … of B A). */
function addProduct(
  K: Kernels,
  alpha: number,
  { A, B }: AdapterLayer,
  { transposed }: Module,
  from: number,
  to: Matrix<Float32Array>,
): void {
  const rows = (M: Matrix<Float32Array>) => slice(M, from, from + to.rows);
  if (transposed) K.gemm(alpha, rows(transpose(A)), transpose(B), to, true);
  else K.gemm(alpha, rows(B), A, to, true);
}

/** How far W_res + s·B A is from W₀: the largest difference, and ‖·‖_F relative to ‖W₀‖_F. Reads both weights again. */
export async function residualError(
  K: Kernels,
  checkpoint: Checkpoint,
  residual: Checkpoint,
  module: Module,
  layer: AdapterLayer,
): Promise<{ largest: number; relative: number }> {
  const { cols } = storedShape(module);
  let [largest, squares, total] = [0, 0, 0];
  const moved: Float32Array[] = [];
  await eachBlock(K, residual, module, (block) => {
    moved.push(block.data.slice());
  });
  await eachBlock(K, checkpoint, module, (block, from) => {
    const sum = matrix(block.rows, cols, moved.shift()!);
    addProduct(K, layer.scaling, layer, module, from, sum);
    for (let t = 0; t < sum.data.length; t++) {
      const difference = Math.abs(sum.data[t] - block.data[t]);
      largest = Math.max(largest, difference);
      squares += difference * difference;
      total += block.data[t] * block.data[t];
    }
  });
  return { largest, relative: Math.sqrt(squares / total) };
}
