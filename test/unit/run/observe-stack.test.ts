import { describe, expect, it } from 'vitest';
import type { ObservedResource } from '../../../reconciler/model/resource.ts';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { Observation, Target } from '../../../reconciler/ports/target.ts';
import { observeStack } from '../../../reconciler/run/observe/observe-stack.ts';
import { TargetPool } from '../../../reconciler/run/observe/target-pool.ts';
import { claimsOn } from '../../../reconciler/run/observe/claims.ts';
import { running, wanted } from '../../support/builders.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
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

describe('who has a volume', () => {
  const file = (name: string) => `kombinations/${name}/kombination.yaml`;
  const text = (name: string, data?: string, more = '') =>
    `version: "1.0"
meta: { name: ${name} }
${more}services:
  web:
    image: nginx
${data === undefined ? '' : `    volumes: [data:/data]\nvolumes: { data: ${data} }\n`}`;
  const OWN = '{ name: shared }';
  const EXTERNAL = '{ name: shared, external: true }';

  it.each([
    { when: 'its maker still describes it', files: { a: text('a', OWN), b: text('b', OWN) }, holder: 'a' },
    { when: 'nobody describes it', files: { b: text('b') }, holder: 'a' },
    { when: 'its maker is gone', files: { b: text('b', OWN) }, holder: 'b' },
    { when: 'its maker has it no more', files: { a: text('a'), b: text('b', OWN) }, holder: 'b' },
    {
      when: 'its maker has it from b now',
      files: { a: text('a', EXTERNAL), b: text('b', OWN) },
      holder: 'b',
    },
    { when: 'others only use it', files: { a: text('a'), b: text('b', EXTERNAL) }, holder: 'a' },
    {
      when: 'several want it',
      files: { a: text('a'), b: text('b', OWN), c: text('c', OWN) },
      holder: null,
    },
    {
      when: 'its maker has errors',
      files: { a: 'version: 7\nmeta: { name: a }\n', b: text('b', OWN) },
      holder: null,
    },
    { when: 'a file tells no name', files: { z: 'services: [\n', b: text('b', OWN) }, holder: null },
    {
      when: 'the one that wants it has errors',
      files: { a: text('a'), b: text('b', OWN, 'nonsense: 1\n') },
      holder: null,
    },
    {
      when: 'the other one is on another machine',
      files: { b: text('b', OWN, 'nodes: [{ name: far, connection: { host: far } }]\n') },
      holder: 'a',
    },
    {
      when: 'its maker describes it on another machine, or on this one by another address',
      files: {
        a: text('a', OWN, 'nodes: [{ name: far, connection: { host: far } }]\n'),
        b: text('b', OWN),
      },
      holder: 'a',
    },
    { when: 'it is from another branch', files: { b: text('b', OWN) }, from: { branch: 'dev' }, holder: 'a' },
    {
      when: 'it is from another repository',
      files: { b: text('b', OWN) },
      from: { revision: 'f'.repeat(40) },
      holder: 'a',
    },
  ])('is told when $when', async ({ files, from = {}, holder }) => {
    const { state, source, push } = createDesiredFixture();
    const revision = source.push({ [file('a')]: text('a', OWN) });
    await push({
      [file('a')]: null,
      ...Object.fromEntries(Object.entries(files).map(([name, it]) => [file(name), it])),
    });
    const claims = claimsOn(
      { desired: state, source },
      { name: 'local', kind: 'docker', connection: { type: 'local' } },
    );
    const object = { kind: 'volume', name: 'shared', stack: 'a', revision, branch: 'main', ...from } as const;
    expect(await claims.holderOf(object)).toBe(holder);
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
