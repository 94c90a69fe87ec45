import { describe, expect, it } from 'vitest';
import type { ObservedResource } from '../../../reconciler/model/resource.ts';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { Observation, Target } from '../../../reconciler/ports/target.ts';
import { observeStack } from '../../../reconciler/run/observe/observe-stack.ts';
import { TargetPool } from '../../../reconciler/run/observe/target-pool.ts';
import { running, wanted } from '../../support/builders.ts';
import { createFakeClock } from '../../support/fakes/fake-clock.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const NEVER = new AbortController().signal;
const node = (name: string, path: string): TargetReference => ({
  name,
  kind: 'docker',
  connection: { type: 'unix', path },
});
const on = (target: string, name: string): ObservedResource => {
  const desired = wanted('container', name);
  return { ...running(desired), target, id: `${target}/container/${name}` as ObservedResource['id'] };
};

describe('observeStack', () => {
  it.each([
    {
      when: 'one machine goes by two addresses',
      nodes: [node('new', '/run/docker.sock')],
      others: [node('old', '/var/run/docker.sock')],
      answers: {
        '/run/docker.sock': { engine: 'X', resources: [on('new', 'web')] },
        '/var/run/docker.sock': { engine: 'X', resources: [on('old', 'web')] },
      },
      ids: ['new/container/web'],
    },
    {
      when: 'two nodes are the same machine',
      nodes: [node('a', '/run/docker.sock'), node('b', '/var/run/docker.sock')],
      others: [],
      answers: {
        '/run/docker.sock': { engine: 'X', resources: [on('a', 'web'), on('a', 'left')] },
        '/var/run/docker.sock': { engine: 'X', resources: [on('a', 'web'), on('a', 'left')] },
      },
      ids: ['a/container/web', 'a/container/left'],
    },
    {
      when: 'a node has become another machine',
      nodes: [node('edge', '/new.sock')],
      others: [node('edge', '/old.sock')],
      answers: {
        '/new.sock': { engine: 'N', resources: [] },
        '/old.sock': { engine: 'O', resources: [on('edge', 'web')] },
      },
      ids: ['edge@unix:-old.sock/container/web'],
    },
    {
      when: 'a node that is gone has left something on two machines',
      nodes: [],
      others: [node('edge', '/b.sock'), node('edge', '/a.sock')],
      answers: {
        '/a.sock': { resources: [on('edge', 'web')] },
        '/b.sock': { resources: [on('edge', 'web')] },
      },
      ids: ['edge/container/web', 'edge@unix:-b.sock/container/web'],
    },
  ])('tells every object once and no two by one id when $when', async ({ nodes, others, answers, ids }) => {
    await using pool = poolOf(answers);
    const request = { stack: 'shop', nodes, others, desired: [], complete: false };
    const { resources, references, aliases } = await observeStack(request, pool, NEVER);
    expect(resources.map(({ id }) => id)).toEqual(ids);
    for (const { target } of resources) expect(references.has(target)).toBe(true);
    for (const [alias, name] of aliases) expect(alias.startsWith(`${name}@`)).toBe(true);
  });
});

function poolOf(answers: Readonly<Record<string, Omit<Observation, 'warnings'> | undefined>>): TargetPool {
  const createTarget = (reference: TargetReference): Target => ({
    ...createMemoryTarget(),
    async observe() {
      const answer = answers[targetKey(reference).replace('docker:unix://', '')];
      return { resources: [], ...answer, warnings: [] };
    },
    async [Symbol.asyncDispose]() {},
  });
  return new TargetPool({ createTarget, clock: createFakeClock(), logger: createQuietLogger() });
}
