import { expect, it } from 'vitest';
import type { HistoryEntry } from '../../../reconciler/index.ts';
import { planOf, runFakeCli } from '../../support/cli/cli-harness.ts';

const plans = { web: planOf('web') };

function entry(number: number | null, result: HistoryEntry['result'], time: string): HistoryEntry {
  return {
    number,
    tag: number === null ? null : `deploy/web/${number}`,
    revision: 'a'.repeat(40),
    time,
    author: 'Ada',
    jobId: null,
    summary: 'Plan: 1 to create',
    result,
    trigger: 'cli',
    subject: 'raise memory',
    durationMs: null,
    message: null,
  };
}

it('shows a history as it is told, newest first, whatever the times say within a second', async () => {
  const told = [
    entry(1, 'deployed', '2026-01-01T00:00:07.900Z'),
    entry(2, 'removed', '2026-01-01T00:00:07Z'),
    entry(null, 'failed', '2026-01-01T00:00:08.100Z'),
    entry(3, 'deployed', '2026-01-01T00:00:08Z'),
  ];
  const { stdout } = await runFakeCli(['history', 'web'], { plans, more: { history: async () => told } });
  const shown = stdout.split('\n').map((line) => line.split('\t'));
  expect(shown.slice(0, 4).map((cells) => [cells[0], cells[5]])).toEqual([
    ['3', 'deployed'],
    ['-', 'failed'],
    ['2', 'removed'],
    ['1', 'deployed'],
  ]);
});

it.each([
  {
    files: ['k/web/kombination.yaml'],
    text: 'k/web/kombination.yaml is as at deployment 1 of web: commit cccccccccc',
  },
  { files: ['a', 'b'], text: 'a, b are as at deployment 1 of web' },
  { files: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], text: 'a, b, c, d, e and 2 more are as at' },
])('names the files that a rollback changed: $text', async ({ files, text }) => {
  const rollback = async () => ({ commit: 'c'.repeat(40), file: 'k/web/kombination.yaml', files });
  const run = await runFakeCli(['rollback', 'web', '--to', '1', '--yes'], { plans, more: { rollback } });
  expect(run.stdout).toContain(text);
});

it('folds retries of one commit and repairs of drift on a terminal, unless asked for all', async () => {
  const time = '2026-01-01T00:00:00Z';
  const told = [
    entry(1, 'deployed', time),
    { ...entry(2, 'deployed', time), trigger: 'drift' },
    { ...entry(3, 'deployed', time), trigger: 'drift' },
    { ...entry(null, 'failed', time), message: 'no such image' },
    { ...entry(null, 'failed', time), message: 'no such image', trigger: 'retry' },
    { ...entry(null, 'failed', time), revision: 'b'.repeat(40), subject: 'another' },
  ];
  const world = { plans, more: { history: async () => told } };
  const rows = async (...argv: string[]) =>
    (
      await runFakeCli(['history', 'web', '--no-color', ...argv], world, { isTerminal: true, columns: 120 })
    ).stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/));
  expect(await rows()).toEqual([
    ['-', '5 min ago', 'failed', '-', 'cli', 'Ada', 'bbbbbbb another'],
    ['-', '5 min ago', 'failed ×2', '-', 'retry', 'Ada', 'aaaaaaa raise memory: no such image'],
    ['2-3', '5 min ago', 'repaired ×2', '-', 'drift', 'Ada', 'aaaaaaa raise memory'],
    ['1', '5 min ago', 'deployed', '-', 'cli', 'Ada', 'aaaaaaa raise memory'],
  ]);
  expect(await rows('--all')).toHaveLength(6);
});
