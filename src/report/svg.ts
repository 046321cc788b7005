// Vega-Lite → SVG. Vega is loaded when the first figure is drawn.

import type { Spec } from './chart.js';

/** The figure as the text of an SVG file; the same for the same description and versions of Vega. */
export async function renderSvg(spec: Spec): Promise<string> {
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec: vega } = compile(spec as unknown as Parameters<typeof compile>[0]);
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
