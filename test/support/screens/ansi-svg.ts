const COLORS: Readonly<Record<number, string>> = {
  31: '#f47067',
  32: '#57ab5a',
  33: '#c69026',
  34: '#539bf5',
  35: '#b083f0',
  36: '#39c5cf',
  90: '#768390',
};
const FOREGROUND = '#d1d7e0';
const BACKGROUND = '#22272e';
const SEQUENCE = new RegExp(`${String.fromCodePoint(0x1b)}\\[([0-9;]*)m`);
const CHARACTER = 8.43;
const LINE = 20;
const MARGIN = 16;

/** Text as a terminal shows it, with its SGR colours (bold, dim, 31-36, 90), as an SVG picture of `columns` characters. */
export function renderTerminalSvg(text: string, columns: number): string {
  const lines = text.split('\n');
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const rows = lines.map((line, row) => {
    const y = MARGIN + (row + 0.75) * LINE;
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${renderLine(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${FOREGROUND}">
${rows.join('\n')}
</g>
</svg>
`;
}

function renderLine(line: string): string {
  let bold = false;
  let dim = false;
  let color = FOREGROUND;
  let rendered = '';
  // Every second part is the parameter of an escape sequence.
  for (const [index, part] of line.split(SEQUENCE).entries()) {
    if (index % 2 === 1) {
      const code = Number(part);
      bold = code === 1 || (bold && code !== 0 && code !== 22);
      dim = code === 2 || (dim && code !== 0 && code !== 22);
      if (code === 0 || code === 39 || code === 22) color = code === 22 ? color : FOREGROUND;
      color = COLORS[code] ?? color;
    } else if (part !== '') {
      const weight = bold ? ' font-weight="bold"' : '';
      rendered += `<tspan fill="${dim ? COLORS[90] : color}"${weight}>${escapeXml(part)}</tspan>`;
    }
  }
  return rendered;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
