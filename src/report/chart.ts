// Rows → Vega-Lite, by pure functions. A figure is panels side by side; a panel has two axes and marks on them: lines,
// points, bands, levels, an image of a matrix. Measurements are drawn in colour, theory dashed; every series is named beside
// its last point.

import { log } from '../random/index.js';
import { apart, tickLabel, ticks } from './axes.js';
import { CONFIG, INK, PALETTE, ramp } from './style.js';

/** One point of a figure: plain numbers and words. */
export type Datum = Readonly<Record<string, number | string | boolean>>;

/** A Vega-Lite description with its data inside. */
export type Spec = Readonly<Record<string, unknown>>;

/** One side of a panel. */
export interface Axis {
  readonly title: string;
  /** Logarithmic; what is not positive is left out. Default false. */
  readonly log?: boolean;
  /** Default: what is drawn, and some room. */
  readonly domain?: readonly [number, number];
}

/** Which columns of the rows a mark draws, and as what. */
export interface MarkOptions {
  readonly x: string;
  readonly y: string;
  /** The column that names the series; without it all rows are one series, named by `name`. */
  readonly by?: string;
  readonly name?: string;
  /** Default: one for each name of a series, the same in every panel of a figure. */
  readonly colour?: string;
  /** Whether series are named beside their last points; default true. */
  readonly label?: boolean;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly high?: number;
}
interface Drawn {
  readonly kind: 'line' | 'points' | 'band' | 'theory';
  readonly series: ReadonlyMap<string, readonly Point[]>;
  readonly colour?: string;
  readonly label: boolean;
}
interface Level {
  readonly kind: 'level';
  readonly across: 'x' | 'y';
  readonly at: number;
  readonly label: string;
}
interface Image {
  readonly kind: 'image';
  readonly url: string;
}
/** One thing drawn in a panel, as line(), points(), theory(), band(), level() or image() make it. */
export type Mark = Drawn | Level | Image;

function drawn(kind: Drawn['kind'], rows: readonly Datum[], options: MarkOptions & { high?: string }): Drawn {
  const { x, y, high, by, name = '', colour, label = true } = options;
  const series = new Map<string, Point[]>();
  for (const row of rows) {
    const key = by === undefined ? name : String(row[by]);
    if (!series.has(key)) series.set(key, []);
    series.get(key)!.push({ x: Number(row[x]), y: Number(row[y]), ...(high && { high: Number(row[high]) }) });
  }
  return { kind, series, colour, label };
}

/** A line through the rows, in their order. */
export const line = (rows: readonly Datum[], options: MarkOptions): Mark => drawn('line', rows, options);
export const points = (rows: readonly Datum[], options: MarkOptions): Mark => drawn('points', rows, options);
/** What a theory says: a dashed line, dark unless it says otherwise. With `by` it takes the colours of the series. */
export const theory = (rows: readonly Datum[], options: MarkOptions): Mark =>
  drawn('theory', rows, {
    label: options.by === undefined,
    ...(options.by === undefined && { colour: INK }),
    ...options,
  });
/** The area between the columns low and high. */
export const band = (
  rows: readonly Datum[],
  { low, ...options }: Omit<MarkOptions, 'y'> & { readonly low: string; readonly high: string },
): Mark => drawn('band', rows, { label: false, ...options, y: low });
/** A dotted line across the panel, at one height or at one x. */
export const level = (across: 'x' | 'y', at: number, label = ''): Mark => ({ kind: 'level', across, at, label });
/** A picture that fills the panel, such as heatmap makes of a matrix; the domains of both axes must be given. */
export const image = (url: string): Mark => ({ kind: 'image', url });

/** Two axes, and the marks on them. */
export interface Panel {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  readonly width?: number; // pixels; default 300
  readonly height?: number; // default 220
}

/** How panels stand together. */
export interface FigureOptions {
  /** Panels in a row; default 3. */
  readonly columns?: number;
  /** The series have an order (of α, m, k): colours go from dark to light. Default false. */
  readonly ordered?: boolean;
}

const isDrawn = (mark: Mark): mark is Drawn => 'series' in mark;

/** A Vega-Lite description of panels side by side. */
export function figure(panels: readonly Panel[], { columns = 3, ordered = false }: FigureOptions = {}): Spec {
  const free = panels.flatMap(({ marks }) => marks.filter(isDrawn).filter(({ colour }) => !colour));
  const names = [...new Set(free.flatMap(({ series }) => [...series.keys()]))];
  const range = ordered ? ramp(names.length) : PALETTE;
  const colours = new Map(names.map((name, i) => [name, range[i % range.length]]));
  const made = panels.map((panel) => panelSpec(panel, colours));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(made.length === 1 ? made[0] : { concat: made, columns: Math.min(columns, made.length) }),
    config: CONFIG,
  };
}

interface Side extends Axis {
  readonly domain: readonly [number, number];
  readonly pixels: number;
  /** Counts pixels from the other end: a y axis. */
  readonly flips: boolean;
}

function panelSpec(panel: Panel, colours: ReadonlyMap<string, string>): Spec {
  const { title, width = 300, height = 220 } = panel;
  const marks = panel.marks.map((mark) => (isDrawn(mark) ? onAxes(mark, panel) : mark));
  const points = marks.filter(isDrawn).flatMap(({ series }) => [...series.values()].flat());
  const levels = (across: 'x' | 'y') =>
    marks.flatMap((mark) => ('at' in mark && mark.across === across ? mark.at : []));
  const x = sideOf(panel.x, [...points.map((p) => p.x), ...levels('x')], width, false);
  const y = sideOf(panel.y, [...points.flatMap((p) => [p.y, p.high ?? p.y]), ...levels('y')], height, true);
  const colourOf = (mark: Drawn, name: string) => mark.colour ?? colours.get(name)!;
  const ends = marks.filter(isDrawn).flatMap((mark) => (mark.label ? namedEnds(mark, x, y, colourOf) : []));
  return {
    ...(title && { title }),
    width,
    height,
    layer: [
      frame(x, y),
      ...marks.flatMap((mark) => {
        if (mark.kind === 'image') return [imageLayer(mark, x, y)];
        if (mark.kind === 'level') return levelLayers(mark, x, y);
        return [...mark.series].map(([name, values]) => seriesLayer(mark.kind, values, colourOf(mark, name)));
      }),
      ...labelLayers(ends, x, y),
    ],
  };
}

/** The mark without the points that its axes cannot show. */
function onAxes(mark: Drawn, { x, y }: Panel): Drawn {
  const fits = ({ log: logarithmic }: Axis, v: number) => Number.isFinite(v) && (!logarithmic || v > 0);
  const kept = (p: Point) => fits(x, p.x) && fits(y, p.y) && fits(y, p.high ?? p.y);
  return { ...mark, series: new Map([...mark.series].map(([name, values]) => [name, values.filter(kept)])) };
}

function sideOf(axis: Axis, values: readonly number[], pixels: number, flips: boolean): Side {
  return { ...axis, domain: axis.domain ?? domainOf(axis, values), pixels, flips };
}

function domainOf(axis: Axis, values: readonly number[]): readonly [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(low <= high)) return axis.log ? [0.1, 1] : [0, 1];
  if (axis.log) return [low / 1.3, high * 1.3];
  const room = 0.04 * (high - low || Math.abs(high) || 1);
  return [low >= 0 && low <= 0.3 * high ? 0 : low - room, high + room];
}

/** The axes, on a layer of their own with one point that is not seen. */
function frame(x: Side, y: Side): Spec {
  const channel = (side: Side) => ({
    field: side === x ? 'x' : 'y',
    type: 'quantitative',
    title: side.title,
    scale: { type: side.log ? 'log' : 'linear', domain: side.domain, nice: false, ...(!side.log && { zero: false }) },
    axis: axisOf(side),
  });
  return {
    data: { values: [{ x: x.domain[0], y: y.domain[0] }] },
    mark: { type: 'point', opacity: 0 },
    encoding: { x: channel(x), y: channel(y) },
  };
}

function axisOf({ log: logarithmic, domain, pixels }: Side): Spec {
  if (!logarithmic) return { tickCount: Math.max(3, Math.round(pixels / 55)) };
  const values = ticks(domain, pixels);
  const names = Object.fromEntries(values.map((value) => [value, tickLabel(value)]));
  return { values, labelExpr: `(${JSON.stringify(names)})[datum.value]` };
}

const STYLES = {
  line: { type: 'line', strokeWidth: 1.8 },
  theory: { type: 'line', strokeWidth: 1.3, strokeDash: [5, 3] },
  points: { type: 'point', filled: true, size: 36, opacity: 0.9 },
  band: { type: 'area', opacity: 0.16 },
} as const;

const seriesLayer = (kind: Drawn['kind'], values: readonly Point[], color: string): Spec => ({
  data: { values },
  mark: { ...STYLES[kind], color, clip: true },
  encoding: {
    x: { field: 'x', type: 'quantitative' },
    y: { field: 'y', type: 'quantitative' },
    ...(kind === 'band' && { y2: { field: 'high' } }),
    ...((kind === 'line' || kind === 'theory') && { order: null }),
  },
});

const imageLayer = ({ url }: Image, x: Side, y: Side): Spec => ({
  data: { values: [{}] },
  mark: { type: 'image', url, width: x.pixels, height: y.pixels, aspect: false },
  encoding: { x: { value: x.pixels / 2 }, y: { value: y.pixels / 2 } },
});

function levelLayers({ across, at, label }: Level, x: Side, y: Side): Spec[] {
  const flat = across === 'y';
  const pixel = flat ? pixelOf(at, y) : pixelOf(at, x);
  const rule = {
    data: { values: [{}] },
    mark: { type: 'rule', color: INK, strokeDash: [2, 3] },
    encoding: flat
      ? { x: { value: 0 }, x2: { value: x.pixels }, y: { value: pixel } }
      : { x: { value: pixel }, y: { value: 0 }, y2: { value: y.pixels } },
  };
  const place = flat
    ? { align: 'right', baseline: 'bottom', dx: -2, dy: -2 }
    : { align: 'left', baseline: 'top', dx: 4 };
  const text = {
    data: { values: [{}] },
    mark: { type: 'text', text: label, color: INK, fontSize: 10, ...place },
    encoding: { x: { value: flat ? x.pixels : pixel }, y: { value: flat ? pixel : 0 } },
  };
  return label ? [rule, text] : [rule];
}

/** Pixels that keep a label off the lower axis. */
const LABEL_ROOM = 6;

interface End {
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly colour: string;
}

const within = (value: number, { domain: [low, high] }: Side): boolean => value >= low && value <= high;

/** The last point of each series that has a name. */
function namedEnds(mark: Drawn, x: Side, y: Side, colourOf: (mark: Drawn, name: string) => string): End[] {
  return [...mark.series].flatMap(([name, values]) => {
    const inside = values.filter((p) => within(p.x, x) && within(p.y, y));
    if (!name || inside.length === 0) return [];
    const last = inside.reduce((a, b) => (b.x >= a.x ? b : a));
    return [{ x: last.x, y: last.y, name, colour: colourOf(mark, name) }];
  });
}

/** One label for a name, as more than one mark may draw it; moved apart where they would overlap. */
function labelLayers(all: readonly End[], x: Side, y: Side): Spec[] {
  const ends = all.filter(({ name }, i) => all.findIndex((end) => end.name === name) === i);
  const heights = apart(
    ends.map((end) => pixelOf(end.y, y)),
    y.pixels - LABEL_ROOM,
  );
  return ends.map(({ x: last, name, colour }, i) => ({
    data: { values: [{}] },
    mark: { type: 'text', text: name, color: colour, align: 'left', baseline: 'middle', dx: 7, fontSize: 10 },
    encoding: {
      x: { value: pixelOf(last, x) > 0.93 * x.pixels ? x.pixels : pixelOf(last, x) },
      y: { value: heights[i] },
    },
  }));
}

/** Where a value lies, from the left or from the top. */
function pixelOf(value: number, { log: logarithmic, domain: [low, high], pixels, flips }: Side): number {
  const share = logarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low);
  const inside = Math.min(1, Math.max(0, share));
  return Math.round(10 * pixels * (flips ? 1 - inside : inside)) / 10;
}
