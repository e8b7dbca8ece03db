/** What every picture has: a frame that needs nothing from elsewhere, text that stays text, and colours for light and dark. */
import { legible } from '../../decision/evidence.ts';

/** Of a character of the font that is used for names, in parts of its size; some fonts are narrower. */
const CHARACTER = 0.62;
/** Scripts whose characters take two places (Hangul, CJK, full width), and what lies beyond the basic plane. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{10000}-\u{10ffff}]/u;
/** No XML may hold these (XML 1.0 §2.2); all other characters that it may not hold are escaped as unsafe. */
const NO_XML = /[\ufffe\uffff]/g;

/** Text as the content of an element, or of an attribute in double quotes. */
export function xml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return legible(text, 1024)
    .replace(NO_XML, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => names[character] ?? '');
}

const placesOf = (text: string) => [...text].reduce((sum, one) => sum + (WIDE.test(one) ? 2 : 1), 0);

/** Cut to a width, with `…`. @param width and size in pixels */
export function fitted(text: string, width: number, size: number): string {
  const places = Math.floor(width / (size * CHARACTER));
  const safe = legible(text);
  if (placesOf(safe) <= places) return safe;
  let [shown, used] = ['', 1];
  for (const one of safe) {
    used += WIDE.test(one) ? 2 : 1;
    if (used > places) break;
    shown += one;
  }
  return `${shown}…`;
}

/** The same with `…` in its middle: keys often differ at their ends. */
export function fittedKey(key: string, width: number, size: number): string {
  const places = Math.floor(width / (size * CHARACTER));
  const half = Math.floor((places - 1) / 2);
  const isShort = key.length <= places || half < 2;
  return isShort ? fitted(key, width, size) : `${key.slice(0, places - 1 - half)}…${key.slice(-half)}`;
}

/** Pixels that a text takes at most. */
export const widthOf = (text: string, size: number): number => Math.ceil(placesOf(legible(text)) * size * CHARACTER);

interface TextStyle {
  readonly size?: number;
  readonly style?: string;
  readonly anchor?: 'start' | 'end' | 'middle';
  readonly transform?: string;
  /** What is shown where the pointer rests; absent: nothing. */
  readonly whole?: string;
}

export function textAt(x: number, y: number, text: string, how: TextStyle = {}): string {
  const { size = 12, style = '', anchor = 'start', transform, whole } = how;
  const turned = transform === undefined ? '' : ` transform="${transform}"`;
  const title = whole === undefined ? '' : `<title>${xml(whole)}</title>`;
  const ends = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}" font-size="${size}"${ends}${style && ` class="${style}"`}${turned}>${title}${xml(text)}</text>`;
}

/**
 * Contrasts of text and marks with their ground are 4.5 and 3 at least, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11).
 * Every mark has a shape of its own besides.
 */
const STYLE = `
.ground{fill:#fff}.ink{fill:#1b1f24}text{fill:#1b1f24;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.quiet{fill:#57606a}.line{stroke:#d0d7de;fill:none}.card{fill:#f6f8fa;stroke:#8c959f}.own{fill:#8c959f}
.good{fill:#1a7f37}.bad{fill:#cf222e}.warn{fill:#9a6700}.way{fill:#0969da}
.bad-mark{fill:#cf222e}.bad-cross{stroke:#fff;fill:none}.warn-mark{fill:#bf8700}.way-mark{stroke:#0969da;fill:none}
.edge{stroke:#57606a;fill:none}.edge-warn{stroke:#9a6700;fill:none}.edge-way{stroke:#0969da;fill:none}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117}.ink,text{fill:#e6edf3}.quiet{fill:#9ea7b3}.line{stroke:#30363d}.card{fill:#161b22;stroke:#6e7681}.own{fill:#6e7681}
.good{fill:#3fb950}.bad{fill:#ff7b72}.warn{fill:#d29922}.way{fill:#79c0ff}
.bad-mark{fill:#f85149}.bad-cross{stroke:#0d1117}.warn-mark{fill:#d29922}.way-mark{stroke:#58a6ff}
.edge{stroke:#9ea7b3}.edge-warn{stroke:#d29922}.edge-way{stroke:#58a6ff}}`;

/** @param name for ids, so that two pictures in one page keep their own titles */
export function frame(
  name: string,
  { width, height }: { readonly width: number; readonly height: number },
  { title, desc }: { readonly title: string; readonly desc: string },
  content: readonly string[],
): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" aria-labelledby="${name}-title ${name}-desc">`,
    `<title id="${name}-title">${xml(title)}</title>`,
    `<desc id="${name}-desc">${xml(desc)}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${w}" height="${h}"/>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}
