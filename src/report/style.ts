// How every figure looks: quiet axes, a colour-blind-safe palette, labels beside the lines rather than in a legend.

/** Okabe and Ito (2008): told apart under every common colour blindness, and in print. */
export const PALETTE = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#555555'] as const;

/** Dark to light, by equal steps of lightness (from viridis), for series in an order: step sizes, widths, scales. */
const RAMP = ['#440154', '#414487', '#2a788e', '#22a884', '#6fb345', '#b9b100'] as const;

/** Of words, axes and theory. */
export const INK = '#333333';

const FONT = 'DejaVu Sans, Verdana, Arial, sans-serif';

/** n colours of the ramp. */
export const ramp = (n: number): string[] =>
  Array.from({ length: n }, (_, i) => {
    const hex = rampColour(n === 1 ? 0.4 : i / (n - 1)).map((c) => c.toString(16).padStart(2, '0'));
    return `#${hex.join('')}`;
  });

/** Red, green and blue, 0 … 255, at a share in [0, 1] of the way from dark to light. */
export function rampColour(share: number): [number, number, number] {
  const at = share * (RAMP.length - 1);
  const i = Math.min(RAMP.length - 2, Math.floor(at));
  const channel = (c: number) => {
    const [a, b] = [RAMP[i], RAMP[i + 1]].map((hex) => Number.parseInt(hex.slice(1 + 2 * c, 3 + 2 * c), 16));
    return Math.round(a + (at - i) * (b - a));
  };
  return [channel(0), channel(1), channel(2)];
}

export const CONFIG = {
  font: FONT,
  background: 'white',
  padding: 12,
  view: { stroke: null },
  title: { anchor: 'start', fontSize: 13, fontWeight: 'bold', color: INK, offset: 10 },
  axis: {
    labelFontSize: 10,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titleColor: INK,
    labelColor: INK,
    domainColor: '#999999',
    tickColor: '#999999',
    gridColor: '#ececec',
    tickSize: 4,
    titlePadding: 8,
  },
  concat: { spacing: 28 },
} as const;
