import { showLine } from '../../base/shown-text.ts';
import type { PlanLine } from './lines.ts';
import { span } from './lines.ts';

/** Lines of a diff, and how many were left out. */
export function describeLines(lines: readonly string[], omitted: number): readonly PlanLine[] {
  return [
    ...lines.map(describeLine),
    ...(omitted === 0
      ? []
      : [{ sign: ' ', depth: 2, spans: [span(`and ${omitted} more lines`, 'dim')] } as const]),
  ];
}

function describeLine(line: string): PlanLine {
  const text = showLine(line.slice(1).replaceAll('\t', '    '));
  if (line.startsWith('@@')) return { sign: ' ', depth: 2, spans: [span(showLine(line), 'accent')] };
  if (line.startsWith('+')) return { sign: '+', depth: 2, spans: [span(text, 'good')] };
  if (line.startsWith('-')) return { sign: '-', depth: 2, spans: [span(text, 'bad')] };
  return { sign: ' ', depth: 2, spans: [span(text, 'dim')] };
}
