// Vega-Lite → SVG. Vega is loaded when the first figure is drawn.

import type { Spec } from './chart.js';

/** The figure as the text of an SVG file; the same for the same description and versions of Vega. */
export async function renderSvg(spec: Spec): Promise<string> {
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec: vega } = compile(spec as unknown as Parameters<typeof compile>[0]);
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    return renumbered(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Vega counts clip paths over all figures that a process draws; here each figure counts its own. */
function renumbered(svg: string): string {
  const ids = new Map<string, string>();
  return svg.replace(/(?<=id="|url\(#)clip\d+/g, (id) => {
    if (!ids.has(id)) ids.set(id, `clip${ids.size + 1}`);
    return ids.get(id)!;
  });
}
