import { expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createNodePorts } from '../../../reconciler/run/instances/node-ports.ts';
import { realClock } from '../../support/docker/target-options.ts';

it('keep a port for an instance whose placing takes longer than its lock lasts', async () => {
  let later = 0;
  const clock = { ...realClock, now: () => Date.now() + later };
  const ports = createNodePorts({
    records: createSqliteStore({ path: ':memory:', clock }),
    backend: { isFree: () => Promise.resolve(true) },
    clock,
    range: { min: 31_001, max: 31_001 },
    lockMs: 30_000,
  });
  const targets = [{ containerPort: 80, protocol: 'TCP' }] as const;

  expect(await ports.lock('slow', targets)).toEqual([31_001]);
  later = 60_000;
  ports.prune();
  await expect(ports.lock('other', targets)).rejects.toMatchObject({ code: 'NO_NODE_PORT' });

  ports.free('slow');
  expect(await ports.lock('other', targets)).toEqual([31_001]);
});
