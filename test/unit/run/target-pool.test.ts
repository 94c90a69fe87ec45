import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { DockerConnection, TargetReference } from '../../../reconciler/model/target.ts';
import { TargetPool } from '../../../reconciler/run/observe/target-pool.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const SIGNAL = new AbortController().signal;
const ssh = (keyPath: string): TargetReference => ({
  name: 'edge',
  kind: 'docker',
  connection: { type: 'ssh', host: 'edge', port: 22, user: 'root', keyPath },
});
const tls = (ca: string): DockerConnection => ({
  type: 'tcp',
  host: 'edge',
  port: 2376,
  tls: { ca, cert: '/cert.pem', key: '/key.pem' },
});

const PLACE = 'docker:ssh://root@edge:22';
const AWAY = new ReconcilerError('TARGET_UNREACHABLE', 'connection refused', { retryable: true });

/** A pool that watches, and a target which counts the calls that reach it. */
function createWatchedPool() {
  const clock = createFakeClock();
  const target = createMemoryTarget();
  const told: (string | null)[] = [];
  const createTarget = () => ({ ...target, async [Symbol.asyncDispose]() {} });
  const pool = new TargetPool({ clock, logger: createQuietLogger(), createTarget });
  pool.startWatching({ onEvent: (_, stack) => told.push(stack), onNew() {} });
  const look = () =>
    pool
      .askUnlessAway(ssh('/key'), (one) => one.owned(SIGNAL))
      .then(
        () => 'answered',
        (error: Error) => error.message,
      );
  const called = (name: string) => target.control.log.filter((call) => call === name).length;
  const asked = () => called('owned');
  const probed = () => called('facts');
  return {
    pool,
    clock,
    told,
    look,
    asked,
    probed,
    control: target.control,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

function createPool() {
  const clock = createFakeClock();
  const made: TargetReference[] = [];
  const closed: TargetReference[] = [];
  const pool = new TargetPool({
    clock,
    logger: createQuietLogger(),
    createTarget(reference) {
      made.push(reference);
      return {
        ...createMemoryTarget(),
        async [Symbol.asyncDispose]() {
          closed.push(reference);
        },
      };
    },
  });
  return { pool, clock, made, closed };
}

describe('the pool of targets', () => {
  it('shares a connection between nodes, and opens another one for other credentials', () => {
    const { pool, made } = createPool();
    const first = pool.get(ssh('/old'));
    expect(pool.get({ ...ssh('/old'), name: 'other' })).toBe(first);
    expect(pool.get(ssh('/new'))).not.toBe(first);
    pool.get({ name: 'edge', kind: 'docker', connection: tls('/old-ca.pem') });
    pool.get({ name: 'edge', kind: 'docker', connection: tls('/new-ca.pem') });
    expect(made).toHaveLength(4);
  });

  it('names an engine once, as it was reached last', async () => {
    const { pool, clock } = createPool();
    pool.get(ssh('/old'));
    await clock.advance(1_000);
    pool.get(ssh('/new'));
    expect([...pool.all().values()]).toEqual([ssh('/new')]);
  });

  it('closes what nothing uses any more; asking for facts is no use', async () => {
    const { pool, clock, closed } = createPool();
    pool.get(ssh('/old'));
    await clock.advance(1_000);
    pool.get(ssh('/new'));
    await pool.refreshFacts(ssh('/old'));
    await pool.dropUnused(clock.elapsed() - 500);
    expect(closed).toEqual([ssh('/old')]);
    await pool[Symbol.asyncDispose]();
    expect(closed).toEqual([ssh('/old'), ssh('/new')]);
  });

  it('asks a target that is away once for all, tells when it is back, and asks it again then', async () => {
    await using parts = createWatchedPool();
    const { clock, told, look, asked, probed, control } = parts;
    control.outage(AWAY);
    expect(await look()).toBe('connection refused');
    for (let stack = 0; stack < 20; stack += 1) expect(await look()).toBe('connection refused');
    await clock.advance(60_000);
    expect(await look()).toBe('connection refused');
    expect([asked(), probed()]).toEqual([0, 7]);
    control.outage(null);
    await clock.advance(120_000);
    // Once when it was found to be away for good, once when it was back.
    expect(told).toEqual([null, null]);
    expect(await look()).toBe('answered');
    expect(asked()).toBe(1);
  });

  it('asks a target that is away all the same when somebody wants to know', async () => {
    await using parts = createWatchedPool();
    const { pool, look, control } = parts;
    control.outage(AWAY);
    await look();
    control.outage(null);
    expect(await pool.ask(ssh('/key'), (one) => one.owned(SIGNAL))).toEqual([]);
    expect(await look()).toBe('answered');
  });

  it('lets no stack wait long for a target that has never answered, and takes it for away when it goes on saying nothing', async () => {
    await using parts = createWatchedPool();
    const { pool, clock, look, asked, control } = parts;
    control.fail(1, 'hang');
    const looks = Array.from({ length: 3 }, look);
    await clock.advance(1_000);
    expect(await Promise.all(looks)).toEqual(Array(3).fill(`${PLACE} has not answered yet`));
    expect([pool.standing(PLACE), asked()]).toEqual(['unknown', 0]);
    await clock.advance(9_000);
    expect(pool.standing(PLACE)).toBe('away');
    expect(await look()).toBe(`${PLACE} says nothing for 10 s`);
    control.revive();
    await clock.advance(60_000);
    expect([pool.standing(PLACE), await look()]).toEqual(['there', 'answered']);
  });

  it('answers people soon who ask for a target that is away, with one call for all of them', async () => {
    await using parts = createWatchedPool();
    const { pool, clock, look, asked, probed, control } = parts;
    control.outage(AWAY);
    await look();
    control.outage(null);
    control.failCall('facts', 'hang');
    const answers = Array.from({ length: 5 }, () =>
      pool.ask(ssh('/key'), (one) => one.owned(SIGNAL)).catch((error: Error) => error.message),
    );
    await clock.advance(3_000);
    expect(await Promise.all(answers)).toEqual(Array(5).fill('connection refused'));
    expect([asked(), probed()]).toEqual([0, 2]);
    // It is being asked for three seconds by now.
    await expect(pool.ask(ssh('/key'), (one) => one.owned(SIGNAL))).rejects.toThrow('connection refused');
  });

  it('watches no target that is away, and says that events were missed when it is back', async () => {
    await using parts = createWatchedPool();
    const { clock, look, control } = parts;
    const { listeners } = control.engine;
    await look();
    expect(listeners.size).toBe(1);
    control.outage(AWAY);
    await look();
    expect(listeners.size).toBe(0);
    control.outage(null);
    await clock.advance(120_000);
    expect(listeners.size).toBe(1);
  });

  it('asks once whether a target is there when its events break off, before stacks are looked at', async () => {
    await using parts = createWatchedPool();
    const { pool, clock, told, look, asked, probed, control } = parts;
    await look();
    control.outage(AWAY);
    control.emit(null);
    expect(pool.standing(PLACE)).toBe('unknown');
    await clock.advance(0);
    expect([pool.standing(PLACE), told, asked(), probed()]).toEqual(['away', [null], 1, 2]);
  });

  it('asks a target that falls silent again soon after it was back less and less often', async () => {
    await using parts = createWatchedPool();
    const { clock, told, look, control } = parts;
    for (let round = 0; round < 30; round += 1) {
      control.outage(AWAY);
      await look();
      control.outage(null);
      await clock.advance(2_000);
    }
    expect(told.length).toBeLessThan(8);
  });
});
