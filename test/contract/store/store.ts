import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../reconciler/ports/clock.ts';
import type { Job, StackRecord, Store } from '../../../reconciler/ports/store.ts';
import { at, buildJob, buildLog, buildStep, buildStoredPlan, HOUR, START } from '../../support/records.ts';
import { describeObjectRecords } from './store-objects.ts';
import { describeBuildRecords } from './store-builds.ts';
import { describeAuditRecords } from './store-audit.ts';
import { describeLoginRecords } from './store-logins.ts';
import { describeUserRecords } from './store-users.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes it and removes what it left. */
  dispose(): void;
}

/** Describes what every store must do; `create` is given the clock that the suite moves. */
export function describeStoreContract(name: string, create: (clock: Clock) => StoreUnderTest): void {
  describe(`Store contract: ${name}`, () => {
    let now = START;
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(() => {
      now = START;
      under = create({
        now: () => now,
        elapsed: () => now,
        sleep: () => Promise.resolve(),
        random: () => 0.5,
      });
      store = under.store;
    });
    afterEach(() => under.dispose());

    it('gives a job back as it was saved, and its newest version after a second save', () => {
      const job = buildJob(1, {
        status: 'failed',
        actor: 'ada',
        planId: 'plan_1',
        tag: 'deploy/homelab/1',
        progress: 33.3,
        summary: { create: 1, update: 2, replace: 3, delete: 4, noop: 5 },
        error: { code: 'UNHEALTHY', message: 'web: exited with 1', retryable: true },
      });
      store.saveJob({ ...job, status: 'running', endedAt: null, error: null });
      store.saveJob(job);

      expect(store.getJob(job.id)).toEqual(job);
      expect(store.listJobs({}).total).toBe(1);
      expect(store.getJob('job_unknown')).toBeUndefined();
    });

    it('knows the greatest id of its jobs, whenever they were created', () => {
      expect(store.newestJobId()).toBeUndefined();
      store.saveJob(buildJob(1, { id: 'job_B', createdAt: at(1) }));
      store.saveJob(buildJob(2, { id: 'job_A', createdAt: at(2) }));
      expect(store.newestJobId()).toBe('job_B');
    });

    it('remembers up to where the commits of a repository were checked', () => {
      store.saveVerified('/srv/config', 'a'.repeat(40));
      store.saveVerified('/srv/config', 'b'.repeat(40));
      expect(store.lastVerified('/srv/config')).toBe('b'.repeat(40));
      expect(store.lastVerified('https://git.example.org/config')).toBeUndefined();
    });

    it('keeps who has switched which plugin on, and since when', () => {
      store.enablePlugin('ada@example.org', { plugin: 'kafka', enabledAt: at(1) });
      store.enablePlugin('ada@example.org', { plugin: 'argocd', enabledAt: at(2) });
      store.enablePlugin('ada@example.org', { plugin: 'kafka', enabledAt: at(3) });

      expect(store.listPluginSwitches('ada@example.org')).toEqual([
        { plugin: 'argocd', enabledAt: at(2) },
        { plugin: 'kafka', enabledAt: at(1) },
      ]);
      expect(store.listPluginSwitches('bob@example.org')).toEqual([]);
      expect(store.disablePlugin('bob@example.org', 'kafka')).toBe(false);
      expect(store.disablePlugin('ada@example.org', 'kafka')).toBe(true);
      expect(store.listPluginSwitches('ada@example.org')).toHaveLength(1);
    });

    it('keeps who ran what, ends what a process left open, and forgets what is old', () => {
      const record = {
        id: 'acc_1',
        subject: 'stack/shop/web',
        container: null,
        actor: 'ada@example.org',
        via: 'api',
        address: '192.0.2.1',
        program: 'sh',
        isTerminal: true,
        startedAt: 1_000,
        endedAt: null,
        outcome: null,
      } as const;
      const local = { ...record, id: 'acc_2', via: 'cli', address: null, startedAt: 2_000 } as const;
      store.saveAccess(record);
      store.saveAccess(local);
      expect(store.listAccesses(10)).toEqual([local, record]);
      expect(store.listAccesses(1)).toEqual([local]);
      expect(store.closeAccesses(3_000)).toBe(1);
      expect(store.listAccesses(10)).toEqual([local, { ...record, endedAt: 3_000, outcome: 'lost' }]);
      store.saveAccess({ ...local, endedAt: 4_000, outcome: 'exit 0' });
      expect(store.listAccesses(1)).toMatchObject([{ endedAt: 4_000, outcome: 'exit 0' }]);
      store.pruneAccesses(2_000);
      expect(store.listAccesses(10).map(({ id }) => id)).toEqual(['acc_2']);
    });

    it('keeps what looks at the outside came to, the newest of each however old', () => {
      const check = (minute: number, status: 'connected' | 'error') =>
        ({ at: minute * 60_000, status, message: `at ${minute}` }) as const;
      store.noteConnection('registry/a', check(1, 'error'));
      store.noteConnection('registry/a', check(2, 'connected'));
      store.noteConnection('registry/a', { ...check(2, 'error'), message: 'the same moment' });
      store.noteConnection('cluster/b', check(1, 'connected'));

      expect(store.lastConnection('registry/a')?.message).toBe('the same moment');
      expect(store.lastConnection('registry/c')).toBeUndefined();
      expect(store.listConnections('registry/a', 2 * 60_000).map(({ message }) => message)).toEqual([
        'the same moment',
        'at 2',
      ]);
      store.pruneConnections(10 * 60_000);
      expect(store.listConnections('registry/a', 0)).toHaveLength(1);
      expect(store.lastConnection('cluster/b')).toEqual(check(1, 'connected'));
      store.forgetConnections('registry/a');
      expect(store.lastConnection('registry/a')).toBeUndefined();
    });

    it('keeps the newest notices, and who has read which', () => {
      const notice = (number: number, type: 'synced' | 'failed' = 'failed') =>
        ({
          type,
          reader: null,
          stack: `s${number % 2}`,
          subject: `stack/s${number % 2}`,
          cause: 'c',
          revision: 'a',
          message: `${number}`,
          job: null,
          time: at(1),
        }) as const;
      const page = { offset: 0, limit: 2 };
      expect(store.countNotices('ada@example.org')).toEqual({ total: 0, unread: 0 });
      store.markNotices('ada@example.org');
      const added = [notice(0), notice(1), notice(2), notice(3, 'synced')].map((one) => store.addNotice(one));
      expect(added.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
      expect(store.lastNotices().map(({ message }) => message)).toEqual(['1', '2']);

      expect(store.markNotice('ada@example.org', 3)).toBe(true);
      expect(store.markNotice('ada@example.org', 9)).toBe(false);
      expect(store.listNotices('ada@example.org', page)).toEqual([
        { ...notice(3, 'synced'), number: 4, isRead: false },
        { ...notice(2), number: 3, isRead: true },
      ]);
      expect(store.countNotices('ada@example.org')).toEqual({ total: 4, unread: 3 });
      store.markNotices('ada@example.org');
      expect(store.countNotices('ada@example.org').unread).toBe(0);
      expect(store.countNotices('bob@example.org').unread).toBe(4);
      const own = { ...notice(5), type: 'built', subject: '', reader: 'bob@example.org' } as const;
      const { number } = store.addNotice(own);
      expect(store.listNotices('bob@example.org', { offset: 0, limit: 1 })).toMatchObject([own]);
      expect(store.countNotices('ada@example.org').total).toBe(4);
      expect(store.markNotice('ada@example.org', number)).toBe(false);
      expect(store.lastNotices().map(({ message }) => message)).toEqual(['1', '2']);

      for (let index = 6; index <= 1_200; index += 1) store.addNotice(notice(index));
      expect(store.countNotices('ada@example.org')).toEqual({ total: 1_000, unread: 1_000 });
    });

    it('ignores members that it has no column for', () => {
      store.saveJob(Object.assign(buildJob(1), { later: 'addition' }));
      store.saveSteps([Object.assign(buildStep('j', 0), { later: 1 })]);

      expect(store.getJob(buildJob(1).id)).toEqual(buildJob(1));
    });

    it.each([
      { filter: {}, ids: [5, 4, 3, 2, 1], total: 5 },
      { filter: { stack: 'media' }, ids: [4, 2], total: 2 },
      { filter: { status: 'failed' as const }, ids: [3], total: 1 },
      { filter: { type: 'plan' as const }, ids: [5], total: 1 },
      { filter: { except: 'plan' as const, limit: 2 }, ids: [4, 3], total: 4 },
      { filter: { since: at(4) }, ids: [5, 4], total: 2 },
      { filter: { stack: 'media', since: at(3) }, ids: [4], total: 1 },
      { filter: { limit: 2, offset: 1 }, ids: [4, 3], total: 5 },
      { filter: { stack: 'nothing' }, ids: [], total: 0 },
    ])('lists jobs newest first for $filter', ({ filter, ids, total }) => {
      const varied: Record<number, Partial<Job>> = {
        2: { stack: 'media' },
        3: { status: 'failed' },
        4: { stack: 'media' },
        5: { type: 'plan' },
      };
      for (const number of [3, 1, 5, 2, 4]) store.saveJob(buildJob(number, varied[number]));

      const result = store.listJobs(filter);

      expect(result.jobs.map((job) => job.id)).toEqual(ids.map((number) => buildJob(number).id));
      expect(result.total).toBe(total);
    });

    it('counts jobs of a type by stack and status', () => {
      const varied: readonly Partial<Job>[] = [
        {},
        {},
        { status: 'failed' },
        { stack: 'media' },
        { type: 'plan' },
      ];
      for (const [index, more] of varied.entries()) store.saveJob(buildJob(index + 1, more));
      const { stack, status } = buildJob(1);
      const counts = store
        .countJobs('apply')
        .map(({ count, ...one }) => `${one.stack} ${one.status} ${count}`)
        .sort();
      expect(counts).toEqual([`media ${status} 1`, `${stack} ${status} 2`, `${stack} failed 1`].sort());
      expect(store.countJobs('destroy')).toEqual([]);
    });

    it('lists 50 jobs when no limit is given, and orders those of one instant by id', () => {
      for (let number = 1; number <= 60; number++) store.saveJob(buildJob(number, { createdAt: at(0) }));

      const { jobs, total } = store.listJobs({});

      expect([jobs.length, total]).toEqual([50, 60]);
      expect(jobs[0]?.id).toBe(buildJob(60).id);
    });

    it('keeps a job with steps and lines of its own, all or nothing', () => {
      const job = buildJob(1);
      store.saveProgress(job, [buildStep(job.id, 0)], [buildLog(job.id, 1)]);
      // A line that cannot be kept takes the rest of its call along.
      const broken = { ...buildLog(job.id, 2), message: {} as string };
      expect(() => store.saveProgress({ ...job, progress: 50 }, [buildStep(job.id, 1)], [broken])).toThrow();

      expect(store.getJob(job.id)).toEqual(job);
      expect([store.listSteps(job.id), store.listLogs(job.id)]).toEqual([
        [buildStep(job.id, 0)],
        [buildLog(job.id, 1)],
      ]);
    });

    it('keeps steps in plan order and replaces them by index', () => {
      store.saveSteps([buildStep('j', 1), buildStep('j', 0), buildStep('other', 0)]);
      store.saveSteps([
        buildStep('j', 0, { status: 'completed', health: 'healthy', startedAt: at(1), endedAt: at(2) }),
      ]);

      expect(store.listSteps('j')).toEqual([
        buildStep('j', 0, { status: 'completed', health: 'healthy', startedAt: at(1), endedAt: at(2) }),
        buildStep('j', 1),
      ]);
    });

    it('lists logs by sequence, after one that was already seen, and takes a repeated batch', () => {
      store.appendLogs([buildLog('j', 2), buildLog('j', 1), buildLog('j', 3)]);
      store.appendLogs([buildLog('j', 3), buildLog('j', 4)]);

      expect(store.listLogs('j').map((log) => log.sequence)).toEqual([1, 2, 3, 4]);
      expect(store.listLogs('j', 2).map((log) => log.message)).toEqual(['line 3', 'line 4']);
      expect(store.listLogs('unknown')).toEqual([]);
    });

    it('gives the same plan the same id, another plan another one', () => {
      const id = store.savePlan(buildStoredPlan('homelab'));

      expect(id).toMatch(/^plan_[0-9a-f]{16,64}$/);
      expect(store.savePlan(buildStoredPlan('homelab'))).toBe(id);
      expect(store.savePlan(buildStoredPlan('media'))).not.toBe(id);
      expect(store.getPlan(id)).toEqual(buildStoredPlan('homelab'));
      expect(store.getPlan('plan_unknown')).toBeUndefined();
    });

    it('remembers stacks and keys', () => {
      const record: StackRecord = {
        stack: 'homelab',
        heldDesired: null,
        untagged: true,
        lastAppliedRevision: 'a'.repeat(40),
        lastAppliedAt: at(1),
        synced: { desired: 'd1', deployment: 3 },
        stopped: null,
        onHold: { by: 'Ann', reason: 'moves house', at: at(3) },
        pendingTags: [
          {
            revision: 'b'.repeat(40),
            jobId: 'job_1',
            desired: 'd2',
            time: at(2),
            title: 'Deploy homelab',
            text: 'Job: job_1',
          },
        ],
        unpushedTags: ['deploy/homelab/1', 'deploy/homelab/2'],
      };
      const key = {
        id: 'key_1',
        name: 'ci',
        role: 'deployer',
        hash: 'd'.repeat(64),
        createdAt: at(0),
      } as const;
      store.saveStack({ ...record, untagged: false });
      store.saveStack(record);
      store.saveStack({ ...record, stack: 'a-first' });
      store.saveKey(key);
      store.saveKey({ ...key, id: 'key_2' });
      store.deleteKey('key_2');

      expect(store.getStack('homelab')).toEqual(record);
      expect(store.getStack('unknown')).toBeUndefined();
      expect(store.listStacks().map(({ stack }) => stack)).toEqual(['a-first', 'homelab']);
      expect(store.listKeys()).toEqual([key]);
    });

    it('closes what was queued or running when the process died', () => {
      store.saveJob(buildJob(1, { status: 'queued', startedAt: null, endedAt: null }));
      store.saveJob(buildJob(2, { status: 'running', endedAt: null }));
      store.saveJob(buildJob(3));
      store.saveSteps([
        buildStep(buildJob(2).id, 0, { status: 'running' }),
        buildStep(buildJob(3).id, 0, { status: 'skipped' }),
      ]);

      expect(store.closeInterrupted(at(9))).toBe(2);

      expect(store.getJob(buildJob(2).id)).toMatchObject({
        status: 'failed',
        endedAt: at(9),
        error: { code: 'CANCELLED' },
      });
      expect(store.getJob(buildJob(3).id)).toEqual(buildJob(3));
      expect(store.listSteps(buildJob(2).id)[0]).toMatchObject({ status: 'cancelled', endedAt: at(9) });
      expect(store.listSteps(buildJob(3).id)[0]?.status).toBe('skipped');
      expect(store.closeInterrupted(at(10))).toBe(0);
    });

    it('prunes ended jobs with all that belongs to them, and plans that no job names', () => {
      const named = store.savePlan(buildStoredPlan('homelab'));
      const orphan = store.savePlan(buildStoredPlan('media'));
      store.saveJob(buildJob(1));
      store.saveJob(buildJob(2, { status: 'running', endedAt: null }));
      store.saveJob(buildJob(8, { planId: named }));
      store.saveSteps([buildStep(buildJob(1).id, 0)]);
      store.appendLogs([buildLog(buildJob(1).id, 1), buildLog(buildJob(8).id, 1)]);
      now = START + 6 * HOUR;
      const young = store.savePlan(buildStoredPlan('young'));

      store.prune(at(5));

      expect(store.listJobs({}).jobs.map(({ id }) => id)).toEqual([buildJob(8).id, buildJob(2).id]);
      expect([store.listSteps(buildJob(1).id), store.listLogs(buildJob(1).id)]).toEqual([[], []]);
      expect(store.listLogs(buildJob(8).id)).toHaveLength(1);
      expect([named, orphan, young].map((id) => store.getPlan(id)?.stack)).toEqual([
        'homelab',
        undefined,
        'young',
      ]);
    });

    it('remembers which images were fetched, by target', () => {
      for (const reference of ['nginx:1.29', 'a:1', 'nginx:1.29']) store.noteFetchedImage('edge', reference);
      store.noteFetchedImage('far', 'b:1');
      expect(store.listFetchedImages('edge')).toEqual(['a:1', 'nginx:1.29']);
      store.forgetFetchedImage('edge', 'a:1');
      store.forgetFetchedImage('edge', 'b:1');
      expect([store.listFetchedImages('edge'), store.listFetchedImages('far')]).toEqual([
        ['nginx:1.29'],
        ['b:1'],
      ]);
    });

    describeUserRecords(() => store);
    describeLoginRecords(() => store);
    describeAuditRecords(() => store);
    describeObjectRecords(() => store);
    describeBuildRecords(() => store);

    it('may be disposed twice; calls afterwards say that it is closed', () => {
      store[Symbol.dispose]();
      store[Symbol.dispose]();

      expect(() => store.listStacks()).toThrow(
        expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true }),
      );
    });
  });
}
