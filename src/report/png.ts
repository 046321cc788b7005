// SVG → PNG, in Node: resvg is native, and is loaded when the first picture is made.

const RESVG = '@resvg/resvg-js'; // a name that bundlers do not follow: its native part cannot be bundled

/** How renderPng draws. */
export interface PngOptions {
  /** Files of the fonts that the picture names: without them its text is left out, as no font of the system is used. */
  readonly fonts: readonly string[];
  /** Pixels for each unit of the SVG; default 2. */
  readonly scale?: number;
}

/** The picture as the bytes of a PNG file; the same on any machine. */
export async function renderPng(svg: string, { fonts, scale = 2 }: PngOptions): Promise<Uint8Array> {
  const { Resvg } = (await import(RESVG)) as typeof import('@resvg/resvg-js');
  const font = { fontFiles: [...fonts], loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: scale }, background: 'white' }).render().asPng();
}
