import type { LogEntry } from '../../parts/log-lines.tsx';

/** Hands lines to the browser as a text file. */
export function downloadLog(stack: string, entries: readonly LogEntry[]): void {
  const text = entries.map((line) => `${line.time} ${line.source ?? ''} ${line.text}\n`);
  const address = URL.createObjectURL(new Blob(text, { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${stack}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.log`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
