import { expect, it, vi } from 'vitest';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import { targetKey } from '../../../../reconciler/model/target.ts';
import { createMemoryEngine } from '../../../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../../../support/memory/memory-target.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';

const NAMES = ['ant', 'bee', 'cat'];

/* One target cannot be made: its kind throws, or its connection is not understood. */
it('a target that cannot be made is told of by what runs there, and keeps nobody else waiting', async () => {
  const reason = 'this connection cannot be understood';
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const target = createMemoryTarget({ name: 'docker:local', engine: createMemoryEngine(['nginx:1.29']) });
  await using rig = createRig({
    createTarget(reference) {
      if (targetKey(reference) !== 'docker:local') throw new ReconcilerError('BAD_OPTIONS', reason);
      return { ...target, async [Symbol.asyncDispose]() {} };
    },
  });
  const away = Object.fromEntries(
    NAMES.map((name) => [
      file(`away-${name}`),
      `${stack(`away-${name}`, { web: 'image: "nginx:1.29", node: far' })}nodes: [{ name: far, connection: { host: "tcp://far:2376" } }]\n`,
    ]),
  );
  const here = Object.fromEntries(
    NAMES.map((name) => [file(name), stack(name, { web: 'image: "nginx:1.29"' })]),
  );
  rig.source.push({ ...away, ...here });
  await rig.reconciler.start();
  for (const name of NAMES) await rig.reaches(name, 'in_sync');
  // A run that ends puts the next one in order, whatever failed.
  rig.source.push({
    [file('away-ant')]: `${away[file('away-ant')]}# changed\n`,
    [file('ant')]: stack('ant', { app: 'image: "nginx:1.29"' }),
  });
  await rig.reconciler.refresh(new AbortController().signal);
  await vi.waitFor(() => expect(rig.jobs('ant').length).toBeGreaterThan(1), 20_000);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  expect(JSON.stringify(rig.logger)).toContain(reason);
});
