import type { Store } from '../../../reconciler/ports/store.ts';
import { KEYS } from '../../support/api/api-server.ts';
import { findReach } from '../../support/docker/confinement.ts';
import type { InstancesRig } from '../../support/instances-rig.ts';
import { createInstancesRig } from '../../support/instances-rig.ts';
import { createMemoryInstanceEngine } from '../../support/memory/memory-instance-engine.ts';
import type { MemoryInstanceEngine } from '../../support/memory/memory-instance-engine.ts';
import { toViolation } from '../checks.ts';
import type { FuzzInput, Outcome, Violation } from '../input.ts';
import type { ApiWorld } from './api-world.ts';
import { createApiWorld } from './api-world.ts';
import { send } from './send.ts';

/** Instances over a pretended engine, behind the application. */
export interface PodWorld extends AsyncDisposable {
  readonly api: ApiWorld;
  readonly rig: InstancesRig;
  readonly engine: MemoryInstanceEngine;
}

export function createPodWorld(store: Store): PodWorld {
  const engine = createMemoryInstanceEngine();
  const rig = createInstancesRig({ engine });
  const api = createApiWorld(store, rig.instances);
  return {
    api,
    rig,
    engine,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** Asks for an instance: none is an internal error, and none makes a container that reaches out of itself. */
export async function playPod({ parts }: FuzzInput, { api, rig, engine }: PodWorld): Promise<Outcome> {
  const text = (name: string) => parts.find((part) => part.name === name)?.text;
  const body = Buffer.from(
    `{"pod_spec": ${JSON.stringify(text('pod') ?? '')}, "target_port": ${text('ports') ?? '[]'}}`,
  );
  const seen = engine.bodies.length;
  const head = [
    'POST /stacks HTTP/1.1',
    'Host: a',
    'Connection: close',
    `X-API-KEY: ${KEYS.deployer}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const answer = await send(api.server, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
  const violations: Violation[] = api.log.errors
    .splice(0)
    .map((error) => toViolation('a request failed unexpectedly', error));
  if (![201, 400, 413, 503].includes(answer.status))
    violations.push({
      rule: `an answer of ${answer.status}`,
      place: 'POST /stacks',
      detail: answer.body.slice(0, 600),
    });
  if (answer.status !== 201) return { accepted: false, violations };
  const id = /"stack_id":"([^"]+)"/.exec(answer.body)?.[1] ?? '';
  const pulls = engine.calls.get('pullImage') ?? 0;
  const isBusy = () =>
    engine.bodies.length === seen &&
    (engine.calls.get('pullImage') ?? 0) === pulls &&
    rig.instances.get(id).status === 'creating';
  // Until a container was made, its image was looked for in vain, or it has failed without either.
  while (isBusy()) await new Promise((resolve) => setImmediate(resolve));
  const reach = engine.bodies.slice(seen).flatMap(findReach);
  if (reach.length > 0)
    violations.push({
      rule: 'a container reaches out of itself',
      place: reach.join(', ').slice(0, 200),
      detail: JSON.stringify(engine.bodies.slice(seen)),
    });
  await rig.instances.delete(id);
  return { accepted: engine.bodies.length > seen, violations };
}
