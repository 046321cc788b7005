// The grid: one cell for each part, method and learning rate, with all its seeds; and what each method does to the base.

import type { Base, Cell, Size } from '../paper.js';
import { findBook } from './book.js';
import { baseOf } from './models.js';
import { methodIds, PARTS, sizes } from './presets.js';
import { domains, effects, runs } from './runs.js';

export function bases(size: Size, seed: number): Base[] {
  findBook(); // before hours of work
  return PARTS.map((part) => baseOf(part, size, seed));
}

export function cells(size: Size, seed: number): Cell[] {
  const { factors } = sizes[size];
  return PARTS.flatMap((part): Cell[] => [
    { id: `domains-${part}`, table: 'domains', run: (K, found) => domains(K, found, part, size, seed) },
    ...methodIds.map(
      (method): Cell => ({
        id: `effects-${part}-${method}`,
        table: 'effects',
        run: (K, found) => effects(K, found, part, method, size, seed),
      }),
    ),
    ...methodIds.flatMap((method) =>
      factors.map(
        (factor): Cell => ({
          id: `runs-${part}-${method}-${factor}`,
          table: 'runs',
          run: (K, found) => runs(K, found, part, method, factor, size, seed),
        }),
      ),
    ),
  ]);
}
