import { describe, expect, it } from 'vitest';
import type { DockerConnection, TargetReference } from '../../../reconciler/model/target.ts';
import { TargetPool } from '../../../reconciler/run/observe/target-pool.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

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
    await pool.refreshFacts(ssh('/old'), new AbortController().signal);
    await pool.dropUnused(clock.elapsed() - 500);
    expect(closed).toEqual([ssh('/old')]);
    await pool[Symbol.asyncDispose]();
    expect(closed).toEqual([ssh('/old'), ssh('/new')]);
  });
});
