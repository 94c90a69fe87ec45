import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { Store } from '../../../reconciler/ports/store.ts';
import type { ReconcilerEvent } from '../../../reconciler/public/reconciler.ts';
import { createEventHub } from '../../../reconciler/run/loop/event-hub.ts';
import { createJobIds } from '../../../reconciler/run/record/job-id.ts';
import { JobStore } from '../../../reconciler/run/record/job-store.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const REQUEST = { type: 'apply', stack: 'shop', trigger: 'push', actor: null, revision: null } as const;

describe('JobStore', () => {
  it('stores a job with its steps and logs', () => {
    const { book, store } = rig();
    const recorder = book.create(REQUEST);
    recorder.start();
    recorder.plan([step(recorder.job.id, 0), step(recorder.job.id, 1)]);
    recorder.log('info', 'hello');
    recorder.step(0, { status: 'completed', endedAt: 'now' });
    expect(book.get(recorder.job.id)?.job).toMatchObject({ status: 'running', progress: 50 });
    recorder.end('completed');

    const id = recorder.job.id;
    expect(store.getJob(id)).toMatchObject({ status: 'completed', progress: 100 });
    expect(store.listSteps(id).map(({ status }) => status)).toEqual(['completed', 'pending']);
    expect(store.listLogs(id).map(({ message }) => message)).toEqual(['hello']);
  });

  it('gives ids that sort by time', async () => {
    const { book, clock } = rig();
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      ids.push(book.create(REQUEST).job.id);
      await clock.advance(1);
    }
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toMatch(/^job_[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it('gives ids that sort by creation within one millisecond, and when the clock steps back', async () => {
    const { book, clock } = rig();
    const create = () => book.create(REQUEST).job.id;
    const ids = Array.from({ length: 1_000 }, create);
    await clock.advance(-60_000);
    ids.push(...Array.from({ length: 100 }, create));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('gives ids that sort after those of an earlier process, once the store can be asked', async () => {
    const { book, clock, store } = rig();
    const known = Array.from({ length: 20 }, () => book.create(REQUEST).job.id);
    await clock.advance(-60_000);
    let locked = true;
    const next = createJobIds(clock, {
      newestJobId() {
        if (locked) throw new ReconcilerError('STORE_UNAVAILABLE', 'locked', { retryable: true });
        return store.newestJobId();
      },
    });
    expect(next()).toMatch(/^job_[0-9A-HJKMNP-TV-Z]{26}$/);
    locked = false;
    const ids = Array.from({ length: 20 }, next);
    expect([...known, ...ids].sort()).toEqual([...known, ...ids]);
  });

  it('wakes those who wait once the job has ended, and answers at once afterwards', async () => {
    const { book } = rig();
    const recorder = book.create(REQUEST);
    const waiting = book.waitFor(recorder.job.id, new AbortController().signal);
    recorder.end('failed', new ReconcilerError('PORT_TAKEN', 'port 80 is taken', { retryable: true }));
    const error = { code: 'PORT_TAKEN', message: 'port 80 is taken', retryable: true };
    expect((await waiting).job).toMatchObject({ status: 'failed', error });
    expect((await book.waitFor(recorder.job.id, new AbortController().signal)).job.error).toEqual(error);
  });

  it('stops waiting when told to, and knows no unknown jobs', async () => {
    const { book } = rig();
    const recorder = book.create(REQUEST);
    await expect(book.waitFor(recorder.job.id, AbortSignal.abort())).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await expect(book.waitFor('job_x', new AbortController().signal)).rejects.toMatchObject({
      code: 'UNKNOWN_JOB',
    });
  });

  it('goes on without a store that is full, and catches up when it is back', async () => {
    const { book, store, refuse, events, clock } = rig();
    refuse(true);
    const recorder = book.create(REQUEST);
    recorder.start();
    recorder.log('info', 'while full');
    recorder.end('completed');
    expect(book.storeError).toBe('no space');
    expect(store.getJob(recorder.job.id)).toBeUndefined();
    expect(book.get(recorder.job.id)?.job.status).toBe('completed');
    expect(events.filter(({ type }) => type === 'job').length).toBeGreaterThan(1);

    expect(book.list({}).jobs).toMatchObject([{ id: recorder.job.id, status: 'completed' }]);
    expect(book.list({ status: 'running' })).toEqual({ jobs: [], total: 0 });

    refuse(false);
    await clock.advance(1);
    book.create(REQUEST);
    expect(book.storeError).toBeNull();
    expect(store.getJob(recorder.job.id)?.status).toBe('completed');
    expect(store.listLogs(recorder.job.id)).toHaveLength(1);
  });

  it('lists a job as it is, where the store last took it while it was running', async () => {
    const { book, store, refuse } = rig();
    const recorder = book.create(REQUEST);
    recorder.start();
    refuse(true);
    recorder.end('completed');
    expect(store.getJob(recorder.job.id)?.status).toBe('running');
    expect(book.list({}).jobs).toMatchObject([{ status: 'completed' }]);
    expect(book.list({ status: 'running' })).toEqual({ jobs: [], total: 0 });
    expect(book.list({ status: 'completed' })).toMatchObject({ jobs: [{ id: recorder.job.id }], total: 1 });
    await book.untilUnstored(new AbortController().signal);
    refuse(false);
    book.flush();
    expect(store.getJob(recorder.job.id)?.status).toBe('completed');
  });
});

function rig() {
  const clock = createFakeClock();
  const logger = createQuietLogger();
  const real = createSqliteStore({ path: ':memory:', clock });
  let refusing = false;
  const store: Store = {
    ...real,
    saveProgress(...progress) {
      if (refusing) throw new ReconcilerError('STORE_FULL', 'no space', { retryable: true });
      real.saveProgress(...progress);
    },
  };
  const hub = createEventHub(() => undefined);
  const events: ReconcilerEvent[] = [];
  hub.subscribe((event) => events.push(event));
  const book = new JobStore({ store, clock, logger, events: hub });
  return { book, store: real, clock, events, refuse: (value: boolean) => void (refusing = value) };
}

function step(jobId: string, index: number) {
  const quiet = { action: 'create', message: null, health: null, startedAt: null, endedAt: null } as const;
  return { jobId, index, name: `local/container/${index}`, status: 'pending', ...quiet } as const;
}
