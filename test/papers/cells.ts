// The rows of some cells of a paper, one after another in this thread.

import type { Bases, Cell, Tables } from '../../papers/paper.js';
import { finish } from '../../papers/run.js';
import { gather } from '../../papers/tables.js';

export async function rowsOf(cells: readonly Cell[], bases: Bases = new Map()): Promise<Tables> {
  const rows = new Map<string, Tables[string]>();
  for (const cell of cells) rows.set(cell.id, await finish((K) => cell.run(K, bases)));
  return gather(cells, ({ id }) => rows.get(id)!);
}
