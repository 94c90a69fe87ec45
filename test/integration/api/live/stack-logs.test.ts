import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { json, startApiServer } from '../../../support/api/api-server.ts';
import { createFakeReconciler } from '../../../support/fakes/fake-reconciler.ts';

/* A log answer is as long as one service's at the most; so is what is read for it. */

it('reads the logs of a few services at a time, and answers the newest lines of all', async () => {
  const services = Array.from({ length: 40 }, (_, index) => `s${index}`);
  const reconciler = createFakeReconciler();
  let open = 0;
  let most = 0;
  const logs: typeof reconciler.logs = async function* (_, service) {
    open += 1;
    most = Math.max(most, open);
    await wait(1);
    const second = String(services.indexOf(service)).padStart(2, '0');
    yield { stream: 'stdout', time: `2026-01-01T00:00:${second}Z`, text: `${service} says` };
    yield { stream: 'stdout', time: '2026-01-01T00:01:00Z', text: `${service} ends` };
    open -= 1;
  };
  await using server = await startApiServer({ reconciler: { ...reconciler, logs } });
  await server.request('/api/v1/stacks', json('POST', { name: 'homelab', services }));

  const answer = await server.request('/api/stacks/homelab/logs?lines=42');
  const { data } = (await answer.json()) as { data: { entries: { text: string }[] } };

  expect(most).toBe(4);
  expect(data.entries.map(({ text }) => text)).toEqual([
    's38 says',
    's39 says',
    ...services.map((name) => `${name} ends`),
  ]);
});
