import { describe, expect, it } from 'vitest';
import type { JobDetail, JobView, LogView, StepView } from '../../../api/web/client/api-types.ts';
import { withJob, withLine, withStep } from '../../../api/web/screens/jobs/job-changes.ts';

const JOB: JobView = {
  id: 'job_1',
  type: 'deploy',
  stack_id: 'shop',
  status: 'running',
  trigger: 'push',
  actor: null,
  revision: null,
  plan_id: null,
  summary: null,
  summary_text: null,
  progress: 10,
  error: null,
  tag: null,
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:01Z',
  completed_at: null,
  duration_ms: null,
};
const ENDED: JobView = { ...JOB, status: 'completed', progress: 100, completed_at: '2026-01-01T00:00:09Z' };

const line = (sequence: number): LogView => ({ sequence, time: '', level: 'info', step: null, msg: '' });
const step = (index: number, status: StepView['status']): StepView => ({
  index,
  name: `step ${index}`,
  action: null,
  status,
  message: null,
  health: null,
  started_at: null,
  completed_at: null,
});
const detail = (job: JobView, parts: Partial<JobDetail> = {}): JobDetail => ({
  ...job,
  steps: [],
  logs: [],
  ...parts,
});

describe('a job as events tell it', () => {
  it.each([
    ['goes on', JOB, { ...JOB, progress: 50 }, ['running', 50]],
    ['ends', JOB, ENDED, ['completed', 100]],
    ['does not begin again', ENDED, JOB, ['completed', 100]],
    ['may be told again after its end', ENDED, { ...ENDED, progress: 99 }, ['completed', 99]],
  ] as const)('%s', (_, before, told, expected) => {
    const { status, progress, logs } = withJob(told)(detail(before, { logs: [line(1)] }));
    expect([status, progress]).toEqual(expected);
    expect(logs.length).toBe(1);
  });

  it.each([
    ['the first', [], 4, [4]],
    ['the next', [1, 2], 3, [1, 2, 3]],
    ['one that comes late', [1, 2, 4], 3, [1, 2, 3, 4]],
    ['one before all others', [2, 3], 1, [1, 2, 3]],
    ['one that is there', [1, 2, 3], 2, [1, 2, 3]],
    ['the last again', [1, 2, 3], 3, [1, 2, 3]],
  ] as const)('has a line: %s', (_, before, told, expected) => {
    const { logs } = withLine(line(told))(detail(JOB, { logs: before.map(line) }));
    expect(logs.map(({ sequence }) => sequence)).toEqual(expected);
  });

  it('keeps its newest lines, each as it is', () => {
    const lines = Array.from({ length: 2_000 }, (_, index) => line(index));
    const { logs } = withLine(line(2_000))(detail(JOB, { logs: lines }));
    expect([logs.length, logs[0] === lines[1]]).toEqual([2_000, true]);
  });

  it('has its steps in order, and what is known of them', () => {
    const steps = [{ ...step(0, 'completed'), depends_on: [7] }, step(2, 'pending')];
    const change = [step(1, 'running'), step(0, 'reverted')].map(withStep);
    const job = change.reduce((before, one) => one(before), detail(JOB, { steps }));
    expect(job.steps.map(({ index, status, depends_on: on }) => [index, status, on])).toEqual([
      [0, 'reverted', [7]],
      [1, 'running', undefined],
      [2, 'pending', undefined],
    ]);
  });
});
