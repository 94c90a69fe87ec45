import { describe, expect, it } from 'vitest';
import type { SyncReport, SyncRequest } from '../../../api/operations/daily/wait-for-sync.ts';
import { waitForSync } from '../../../api/operations/daily/wait-for-sync.ts';
import type { Reconciler, ReconcilerEvent, SyncState } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { viewOf } from '../../support/cli/cli-harness.ts';

const OLD = '1'.repeat(40);
const NEW = '2'.repeat(40);

/** A reconciler whose stacks are as the test says. */
function world(states: Record<string, SyncState>, revision = OLD) {
  const listeners = new Set<(event: ReconcilerEvent) => void>();
  let now = revision;
  let looks = 0;
  const reconciler = {
    refresh: async () => void (looks += 1),
    repository: () => ({ revision: { commit: now }, error: null }),
    hasReached: async (commit: string) => now.startsWith(commit) || (now === NEW && OLD.startsWith(commit)),
    stackNames: () => Object.keys(states),
    getStack(name: string) {
      const state = states[name];
      if (state === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
      return viewOf(name, { state, message: `${name} is ${state}` });
    },
    observe: async (name: string) => reconciler.getStack(name),
    subscribe(listener: (event: ReconcilerEvent) => void) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  const tell = () =>
    listeners.forEach((listener) => listener({ type: 'repository', revision: now, error: null }));
  return {
    reconciler: reconciler as unknown as Reconciler,
    listeners,
    looks: () => looks,
    set(name: string, state: SyncState) {
      states[name] = state;
      tell();
    },
    read(commit: string) {
      now = commit;
      tell();
    },
  };
}

const ASKED: SyncRequest = { stacks: null, revision: null, timeoutMs: 20_000 };

async function* reports(one: ReturnType<typeof world>, request: Partial<SyncRequest> = {}) {
  const { signal } = new AbortController();
  for await (const report of waitForSync(one, { ...ASKED, ...request }, signal)) yield report;
}

async function last(all: AsyncIterable<SyncReport>): Promise<SyncReport> {
  let found: SyncReport | undefined;
  for await (const report of all) found = report;
  if (found === undefined) throw new Error('it said nothing');
  return found;
}

describe('waiting until stacks are in sync', () => {
  it('is over at once when they are, those that have left the repository included', async () => {
    const report = await last(reports(world({ web: 'in_sync', old: 'removed' })));
    expect(report).toMatchObject({ outcome: 'in_sync', revision: OLD, hasReached: true });
    expect(report.stacks.map(({ name }) => name)).toEqual(['old', 'web']);
  });

  it('does not take stacks of an older revision for those that are waited for', async () => {
    const one = world({ web: 'in_sync' });
    const seen = reports(one, { revision: NEW.slice(0, 8) });
    expect((await seen.next()).value).toMatchObject({ outcome: null, hasReached: false, stacks: [] });
    one.set('web', 'pending');
    one.read(NEW);
    expect((await seen.next()).value).toMatchObject({ outcome: null, hasReached: true, revision: NEW });
    one.set('web', 'in_sync');
    expect((await seen.next()).value).toMatchObject({ outcome: 'in_sync' });
    expect((await seen.next()).done).toBe(true);
    expect(one.listeners.size).toBe(0);
  });

  it.each(['failed', 'invalid', 'blocked', 'drifted', 'stopped'] as const)(
    'ends with a stack that is %s, whatever the others are',
    async (state) => {
      const report = await last(reports(world({ web: state, db: 'pending' })));
      expect(report).toMatchObject({
        outcome: 'failed',
        stacks: [
          { name: 'db', state: 'pending' },
          { name: 'web', state, message: `web is ${state}` },
        ],
      });
    },
  );

  it.each(['pending', 'applying', 'degraded', 'unknown'] as const)(
    'runs out of time while a stack is %s',
    async (state) => {
      const report = await last(reports(world({ web: state }), { timeoutMs: 20 }));
      expect(report).toMatchObject({ outcome: 'timed_out', stacks: [{ name: 'web', state }] });
    },
  );

  it('runs out of time before a revision has come', async () => {
    const report = await last(reports(world({ web: 'in_sync' }), { timeoutMs: 20, revision: NEW }));
    expect(report).toMatchObject({ outcome: 'timed_out', hasReached: false, stacks: [] });
  });

  it('looks by itself where nobody else does', async () => {
    const one = world({ web: 'pending' });
    const seen = reports(one, { lookEveryMs: 5 });
    await seen.next();
    one.listeners.clear();
    one.set('web', 'in_sync');
    expect((await seen.next()).value).toMatchObject({ outcome: 'in_sync' });
    expect(one.looks()).toBeGreaterThan(1);
  });

  it('refuses what is no commit, and a stack that nobody described', async () => {
    const refused = last(reports(world({}), { revision: 'HEAD' }));
    await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
    const unknown = last(reports(world({}), { stacks: ['nope'] }));
    await expect(unknown).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
  });
});
