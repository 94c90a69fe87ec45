import { expect, it } from 'vitest';
import { Secret } from '../../reconciler/model/secret.ts';
import type { SeenObject } from '../../reconciler/ports/inventory/inventory.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { useDockerTarget } from '../support/docker/use-target.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';
import { eventually } from '../support/eventually.ts';

const IMAGE = 'kombinator-inventory:1';
const host = workerEngine();
const target = useDockerTarget(host, IMAGE);

it('tells what a stack has on an engine, and what happens to it, without its secrets', async () => {
  const { stack, service, make, apply } = freshStack(target, IMAGE);
  await apply('create', make.volume('data', { name: `${stack}-data` }));
  const env = { PASSWORD: new Secret('correct-horse', 'secret://file/db') };
  await apply('create', service('web', { env }));
  const ending = new AbortController();
  let told: readonly SeenObject[] = [];
  const failures: unknown[] = [];
  const sink = {
    told: (objects: readonly SeenObject[]) => void (told = objects),
    failed: (error: unknown) => void failures.push(error),
  };
  const keeping = target.inventory(sink, ending.signal);
  const own = () => told.filter((one) => one.stack === stack);
  const web = () => own().find(({ kind }) => kind === 'container');
  await eventually(own, (list) => list.length === 2);
  expect(own()).toMatchObject([
    {
      kind: 'container',
      name: `${stack}-web-1`,
      status: 'running',
      facts: { containers: [{ image: IMAGE }] },
    },
    { kind: 'volume', name: `${stack}-data`, status: 'running' },
  ]);
  expect(JSON.stringify(own())).not.toContain('correct-horse');

  await engineJson(host.replace('unix://', ''), 'POST', `/containers/${stack}-web-1/stop?t=1`);
  const stopped = await eventually(web, (one) => one?.status !== 'running');
  expect(['completed', 'failed']).toContain(stopped?.status);
  await apply('delete', service('web'));
  await eventually(web, (one) => one === undefined);
  expect([web(), failures]).toEqual([undefined, []]);
  ending.abort();
  await keeping;
});
