import { expect, it } from 'vitest';
import { createLineProgress, createLiveProgress, formatStep } from '../../../api/cli/terminal/progress.ts';
import { createStyle } from '../../../api/cli/terminal/terminal.ts';
import type { JobStep } from '../../../reconciler/index.ts';
import { recordTerminal } from '../../support/cli/cli-harness.ts';
import { screenOf } from '../../support/screens/screen.ts';

const plain = createStyle(false);
const NOW = Date.parse('2026-01-01T00:01:05Z');

function step(index: number, status: JobStep['status'], overrides: Partial<JobStep> = {}): JobStep {
  return {
    jobId: 'job_1',
    index,
    name: `local/container/s${index}`,
    action: 'create',
    status,
    message: null,
    health: null,
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: status === 'completed' ? '2026-01-01T00:00:01.500Z' : null,
    ...overrides,
  };
}

it('shows mark, stack, resource, action, time and message', () => {
  expect(formatStep('web', step(1, 'completed'), plain)).toBe(
    '✓ web local/container/s1 create completed (1.5 s)',
  );
  expect(formatStep('web', step(1, 'failed', { message: 'exited with 1' }), plain)).toBe(
    '✗ web local/container/s1 create failed – exited with 1',
  );
  expect(formatStep('web', step(0, 'running', { name: 'observe', action: null }), plain)).toBe(
    '… web observe running',
  );
});

it('prints one line for each change of status, and none for news within one', () => {
  const lines: string[] = [];
  using progress = createLineProgress((line) => lines.push(line), plain);
  progress.step('web', step(0, 'pending'));
  progress.step('web', step(0, 'running'));
  progress.step('web', step(0, 'running', { message: 'pulling (34 %)' }));
  progress.step('web', step(0, 'completed'));
  progress.step('db', step(0, 'completed'));
  expect(lines).toEqual([
    '… web local/container/s0 create running',
    '✓ web local/container/s0 create completed (1.5 s)',
    '✓ db local/container/s0 create completed (1.5 s)',
  ]);
});

it('redraws running steps in place below those that are over', () => {
  const terminal = recordTerminal({ isTerminal: true, columns: 60 });
  using progress = createLiveProgress(terminal, plain, () => NOW);
  progress.step('web', step(0, 'running'));
  progress.step('web', step(1, 'running'));
  progress.step('web', step(0, 'completed'));
  progress.step('web', step(1, 'completed'));
  expect(screenOf(terminal.stdout()).split('\n')).toEqual([
    '✓ web local/container/s0 create completed (1.5 s)',
    '✓ web local/container/s1 create completed (1.5 s)',
  ]);
});

it('cuts running lines to the width, so that no line wraps and the redraw stays right', () => {
  const terminal = recordTerminal({ isTerminal: true, columns: 30 });
  using progress = createLiveProgress(terminal, plain, () => NOW);
  progress.step('web', step(0, 'running', { message: 'a long message that would wrap' }));
  expect(screenOf(terminal.stdout()).split('\n')[0]?.length).toBe(29);
});

it('shows a clock below what runs, and how long each step has run', () => {
  const terminal = recordTerminal({ isTerminal: true, columns: 80 });
  using progress = createLiveProgress(terminal, plain, () => NOW);
  progress.step('web', step(0, 'pending'));
  progress.step('web', step(1, 'pending'));
  progress.step('web', step(0, 'running'));
  expect(screenOf(terminal.stdout()).split('\n')).toEqual([
    '… web local/container/s0 create running (65 s)',
    '0:00  0 of 2 steps',
  ]);
  progress.step('web', step(0, 'completed'));
  progress.step('web', step(1, 'running'));
  expect(screenOf(terminal.stdout()).split('\n').at(-1)).toBe('0:00  1 of 2 steps');
});
