// Figures and pages of results. Rendering (svg.ts, and png.ts in Node) loads Vega when it is first used.

import { band, figure, image, level, line, points, theory } from './chart.js';
import { heatmap } from './heatmap.js';

/**
 * Charts as Vega-Lite descriptions: chart.figure([panel, …]) of marks chart.line(rows, { x, y, by }), chart.points,
 * chart.theory (dashed), chart.band, chart.level and chart.image(chart.heatmap(matrix)).
 */
export const chart = { figure, line, points, theory, band, level, image, heatmap } as const;

export type { Axis, Datum, FigureOptions, Mark, MarkOptions, Panel, Spec } from './chart.js';
export { type Block, htmlReport, type TableBlock } from './html.js';
