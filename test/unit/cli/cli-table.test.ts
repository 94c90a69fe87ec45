import { describe, expect, it } from 'vitest';
import { createStyle } from '../../../api/cli/terminal/terminal.ts';
import { showPainted } from '../../../api/text/paint.ts';
import { foldLine } from '../../../api/cli/terminal/rows.ts';
import {
  formatAge,
  formatDuration,
  formatPlainRows,
  formatTable,
  truncate,
} from '../../../api/cli/terminal/table.ts';

describe('formatTable', () => {
  it('aligns columns and leaves no white space at line ends', () => {
    const text = formatTable(
      ['STACK', 'STATE'],
      [
        ['web', 'in_sync'],
        ['longer-name', 'ok'],
      ],
    );
    expect(text).toBe('STACK        STATE\nweb          in_sync\nlonger-name  ok');
  });

  it('does not count colour codes as width', () => {
    const text = formatTable(
      ['A', 'B'],
      [
        [createStyle(true).good('x'), 'y'],
        ['long', 'z'],
      ],
    );
    expect(showPainted(text).split('\n')[1]).toBe('\u001B[32mx\u001B[39m     y');
  });

  it('writes out what a terminal would obey, and keeps a cell on its line', () => {
    const text = formatTable(['A', 'B'], [['\u001B[1A\u001B[2K\u001B[32mx', 'y\nz\u202E']]);
    expect(showPainted(text).split('\n')).toEqual([
      'A                        B',
      '\\x1b[1A\\x1b[2K\\x1b[32mx  y\\nz\\u202e',
    ]);
  });

  it('gives the header alone when there is nothing to list', () => {
    expect(formatTable(['A', 'B'], [])).toBe('A  B');
  });
});

it('writes plain rows with tabs, one line each whatever cells hold', () => {
  expect(
    formatPlainRows([
      ['a', 'two\nlines'],
      ['b\tc', ''],
    ]),
  ).toBe('a\ttwo lines\nb c\t');
});

it.each([
  { text: 'short', width: 10, cut: 'short' },
  { text: 'exactly-10', width: 10, cut: 'exactly-10' },
  { text: 'eleven-char', width: 10, cut: 'eleven-ch…' },
  { text: 'x', width: 0, cut: '' },
])('cuts $text to $width', ({ text, width, cut }) => {
  expect(truncate(text, width)).toBe(cut);
});

it.each([
  { seconds: 1, text: 'just now' },
  { seconds: 59, text: '59 s ago' },
  { seconds: 60, text: '1 min ago' },
  { seconds: 3_600, text: '1 h ago' },
  { seconds: 172_800, text: '2 d ago' },
  { seconds: -30, text: 'just now' },
])('says $text for $seconds seconds', ({ seconds, text }) => {
  expect(formatAge(1_000_000_000_000 - seconds * 1000, 1_000_000_000_000)).toBe(text);
});

it('says how long something took, and nothing while it runs', () => {
  expect(formatDuration('2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.400Z')).toBe('0.4 s');
  expect(formatDuration('2026-01-01T00:00:00Z', '2026-01-01T00:03:20Z')).toBe('3 min 20 s');
  expect(formatDuration('2026-01-01T00:00:00Z', null)).toBe('');
});

describe('a table on a terminal', () => {
  const header = ['STACK', 'STATE', 'MESSAGE'];
  const message = 'waits until the window holidays is over, which is on Friday';

  it('breaks sentences between words, below each other', () => {
    expect(formatTable(header, [['web', 'pending', message]], 60).split('\n')).toEqual([
      'STACK  STATE    MESSAGE',
      'web    pending  waits until the window holidays is over,',
      '                which is on Friday',
    ]);
  });

  it('puts sentences below their rows where they would be too narrow', () => {
    expect(formatTable(header, [['a-long-name', 'pending', message]], 44).split('\n')).toEqual([
      'STACK        STATE',
      'a-long-name  pending',
      '    waits until the window holidays is over,',
      '    which is on Friday',
    ]);
  });

  it('becomes lists where not even words fit beside each other', () => {
    expect(formatTable(['A', 'BB'], [['abcdefghijkl', 'mnopqrstuvwx']], 20).split('\n')).toEqual([
      'A   abcdefghijkl',
      'BB  mnopqrstuvwx',
    ]);
  });

  it.each([20, 40, 60, 80, 140])('is never wider than %i columns, and keeps its colours', (width) => {
    const style = createStyle(true);
    const rows = [
      [
        style.bold('web'),
        'registry.example.org/team/image:1.2.3@sha256:0123456789abcdef',
        style.bad(message),
      ],
      ['db', 'postgres:17', 'x'],
    ];
    const lines = showPainted(formatTable(header, rows, width)).split('\n');
    // oxlint-disable-next-line no-control-regex -- escape sequences are what is taken out
    const plain = lines.map((line) => line.replaceAll(/\u001B\[\d+m/g, ''));
    expect(Math.max(...plain.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(plain.join(' ').replaceAll(/\s+/g, ' ')).toContain('window');
    for (const line of lines.filter((one) => one.includes('\u001B[31m')))
      expect(line.includes('\u001B[39m') || line.includes('\u001B[0m')).toBe(true);
  });
});

it('folds lines between words only, under the beginning of the text', () => {
  expect(foldLine('  → kombinator jobs job_1 shows its steps', 24)).toEqual([
    '  → kombinator jobs',
    '    job_1 shows its',
    '    steps',
  ]);
  expect(foldLine('short', 24)).toEqual(['short']);
});
