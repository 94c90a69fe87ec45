/** Returns what a terminal shows after this output: understands "n lines up and clear from there", as progress writes it. */
export function screenOf(output: string): string {
  const lines: string[] = [];
  // oxlint-disable-next-line no-control-regex -- escape sequences are what is read here
  const up = /^\u001B\[(\d+)A\u001B\[0J/;
  for (const line of output.replace(/\n$/, '').split('\n')) {
    const count = Number(up.exec(line)?.[1] ?? 0);
    lines.length -= count;
    lines.push(line.replace(up, ''));
  }
  return lines.join('\n');
}

/** Columns of the longest line, without colours. */
export function widthOfScreen(screen: string): number {
  // oxlint-disable-next-line no-control-regex -- escape sequences are what is read here
  const lines = screen.replaceAll(/\u001B\[[\d;]*m/g, '').split('\n');
  return lines.reduce((most, line) => Math.max(most, line.length), 0);
}
