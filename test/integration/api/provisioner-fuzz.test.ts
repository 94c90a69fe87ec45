import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { json, startApiServer } from '../../support/api/api-server.ts';
import { findReach } from '../../support/docker/confinement.ts';
import { createInstancesRig } from '../../support/instances-rig.ts';
import { createMemoryInstanceEngine } from '../../support/memory/memory-instance-engine.ts';
import { podTexts, portLists } from '../../support/pod-fuzz.ts';
import { readNumber } from '../../support/numbers/read-number.ts';

/** `npm run test:bounds` asks for more, `npm run fuzz` changes them further; fast-check tells the seed of a run that fails. */
const RUNS = readNumber('FUZZ_RUNS', 300);

it('no pod spec is an internal error, and none makes a container that reaches out of itself', async () => {
  const engine = createMemoryInstanceEngine();
  await using rig = createInstancesRig({ engine });
  await using server = await startApiServer({ instances: rig.instances });
  const answers = new Map<number, number>();
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(podTexts, portLists, async (podSpec, ports) => {
      const target_port = ports.map(({ containerPort, protocol }) => ({
        container_port: containerPort,
        protocol,
      }));
      const response = await server.request('/stacks', json('POST', { pod_spec: podSpec, target_port }));
      const body = (await response.json()) as { stack_id: string; error?: string };
      answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
      expect([201, 400, 503], body.error).toContain(response.status);
      if (response.status !== 201) return;
      const pulls = engine.calls.get('pullImage') ?? 0;
      const isBusy = () =>
        engine.bodies.length === seen &&
        (engine.calls.get('pullImage') ?? 0) === pulls &&
        rig.instances.get(body.stack_id).status === 'creating';
      // Until a container was made, its image was looked for in vain, or it has failed without either.
      while (isBusy()) await new Promise((resolve) => setImmediate(resolve));
      expect(engine.bodies.slice(seen).flatMap(findReach)).toEqual([]);
      await rig.instances.delete(body.stack_id);
      seen = engine.bodies.length;
    }),
    { numRuns: RUNS },
  );
  // A generator that makes nothing but rubbish would show nothing.
  expect(answers.get(201)).toBeGreaterThan(RUNS / 20);
  expect(answers.get(400)).toBeGreaterThan(RUNS / 20);
  expect(engine.bodies.length).toBeGreaterThan(RUNS / 20);
}, 600_000);
