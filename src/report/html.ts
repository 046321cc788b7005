// One self-contained page: headings, paragraphs, tables and figures. No script, no network, no clock.

/** A table of a page. */
export interface TableBlock {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** A class for each row, where there is one: 'good', 'part', 'none' or 'bad' colours its last cell. */
  readonly marks?: readonly string[];
}

/** A part of a page. */
export type Block =
  | { readonly heading: string }
  | { readonly text: string }
  | { readonly table: TableBlock }
  | { readonly svg: string; readonly title: string; readonly caption: string };

const escaped = (text: string | number): string =>
  String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const STYLE = `
body { font: 15px/1.5 "DejaVu Sans", Verdana, sans-serif; color: #222; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-size: 0.8rem; } th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem; border-bottom: 1px solid #ddd; }
th { font-weight: 600; border-bottom-color: #888; }
figure { margin: 1.5rem 0; } figcaption { color: #444; max-width: 48rem; } figure svg { max-width: 100%; height: auto; }
.good td:last-child { color: #00704f; } .part td:last-child { color: #8a6100; } .none td:last-child { color: #666; } .bad td:last-child { color: #b03a00; font-weight: 600; }
.wide { overflow-x: auto; }`;

/** The text of an HTML file. */
export const htmlReport = (title: string, blocks: readonly Block[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${blocks.map((one, i) => block(one, i)).join('\n')}
</body>
</html>
`;

function block(one: Block, index: number): string {
  if ('heading' in one) return `<h2>${escaped(one.heading)}</h2>`;
  if ('text' in one) return `<p>${escaped(one.text)}</p>`;
  if ('table' in one) return `<div class="wide">${table(one.table)}</div>`;
  const { title, caption } = one;
  // figures of one page must not share ids
  const svg = one.svg.replace(/(?<=id="|url\(#)clip\d+/g, (id) => `figure${index}-${id}`);
  return `<figure>${svg}<figcaption><strong>${escaped(title)}.</strong> ${escaped(caption)}</figcaption></figure>`;
}

function table({ head, rows, marks = [] }: TableBlock): string {
  const cells = (tag: string, row: readonly (string | number)[]) =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('');
  const body = rows.map((row, i) => `<tr${marks[i] ? ` class="${marks[i]}"` : ''}>${cells('td', row)}</tr>`);
  return `<table><thead><tr>${cells('th', head)}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}
