import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { createMutex } from '../../../reconciler/base/mutex.ts';
import type { DeploymentTag } from '../../../reconciler/ports/source.ts';
import type { PendingTag } from '../../../reconciler/ports/store.ts';
import type { RunContext } from '../../../reconciler/run/context.ts';
import { Deployments } from '../../../reconciler/run/record/deployments.ts';
import { keepPushing } from '../../../reconciler/run/record/keep-pushing.ts';
import { PushPace } from '../../../reconciler/run/record/push-pace.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { eventually } from '../../support/eventually.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';

const TIME = '2026-01-01T00:00:00.000Z';
const SIGNAL = new AbortController().signal;

const pending = (jobId: string, revision: string): PendingTag => ({
  revision,
  jobId,
  desired: 'd',
  time: TIME,
  title: 'Deploy',
  text: `\nJob: ${jobId}\n`,
});

/** Deployments of a repository with a remote, pushed in the background until it is disposed of. */
function begin({ isPushing = true } = {}) {
  const source = createMemorySource({ hasRemote: true });
  const commit = source.push({ a: '1' });
  const pushes: string[][] = [];
  const push = source.pushTags.bind(source);
  source.pushTags = (names, signal) => {
    pushes.push([...names]);
    return push(names, signal);
  };
  const clock = createFastClock();
  const logger = createQuietLogger();
  const store = createSqliteStore({ path: ':memory:', clock });
  const deployments = new Deployments({ source, clock, logger, onMoved: () => undefined });
  const context = { deployments, clock, logger, store, unsaved: new Map() } as unknown as RunContext;
  const ending = new AbortController();
  const pushing = isPushing ? keepPushing(context, ending.signal).catch(() => undefined) : Promise.resolve();
  const deploy = (stack: string, jobId: string) => deployments.record(stack, pending(jobId, commit), SIGNAL);
  return {
    source,
    push,
    pushes,
    deployments,
    deploy,
    clock,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await pushing;
      store[Symbol.dispose]();
    },
  };
}

describe('tags of deployments', () => {
  it('are pushed at once where one comes alone', async () => {
    await using place = begin();
    await place.deploy('web', 'one');
    expect(place.pushes).toEqual([['deploy/web/1']]);
    await place.clock.sleep(60_000);
    await place.deploy('web', 'two');
    expect(place.pushes).toEqual([['deploy/web/1'], ['deploy/web/2']]);
  });

  it('go together where they come one after the other: 10,000 with 100 pushes', async () => {
    await using place = begin();
    const [stacks, each] = [200, 50];
    const standing = new Map<string, DeploymentTag>();
    place.source.tag = async (request) => void standing.set(request.name, { ...request, time: TIME });
    place.source.tags = async (prefix) => [standing.get(prefix)].filter((tag) => tag !== undefined);
    for (let round = 0; round < each; round += 1)
      for (let stack = 0; stack < stacks; stack += 1)
        await place.deploy(`s${stack}`, `job-${round}-${stack}`);
    await eventually(
      () => place.source.pushedTags.length,
      (length) => length === stacks * each,
      20_000,
    );
    expect(place.pushes.length).toBeLessThanOrEqual(100);
    expect(place.deployments.pushError).toBeNull();
  });

  it('go together, too, where they come at the same time and nobody pushes in the background', async () => {
    await using place = begin({ isPushing: false });
    const slowly = createMutex();
    const { pushTags } = place.source;
    place.source.pushTags = (names, signal) =>
      slowly(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return pushTags(names, signal);
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => place.deploy(`s${index}`, `job-${index}`)));
    expect(place.source.pushedTags).toHaveLength(20);
    expect(place.pushes.length).toBeLessThanOrEqual(3);
  });

  it('that the remote refuses hold up no others', async () => {
    await using place = begin({ isPushing: false });
    place.source.pushTags = async (names, signal) => {
      const refused = names.filter((name) => name.startsWith('deploy/bad/'));
      const { taken } = await place.push(
        names.filter((name) => !refused.includes(name)),
        signal,
      );
      return { taken, refused: new Map(refused.map((name) => [name, 'hook declined'])) };
    };
    await place.deploy('bad', 'one');
    await place.deploy('good', 'two');
    await place.deploy('good', 'three');
    expect(place.source.pushedTags).toEqual(['deploy/good/1', 'deploy/good/2']);
    expect(place.deployments.pushError).toBe('the remote refuses deploy/bad/1: hook declined');
    expect(place.deployments.unpushedOf('bad')).toEqual(['deploy/bad/1']);
  });

  it('that wait are pushed when the process ends', async () => {
    const place = begin();
    await place.deploy('web', 'one');
    await place.deploy('web', 'two');
    expect(place.pushes).toHaveLength(1);
    await place[Symbol.asyncDispose]();
    expect(place.source.pushedTags).toEqual(['deploy/web/1', 'deploy/web/2']);
  });

  it('wait for the remote to come back, and say so', async () => {
    await using place = begin();
    const { pushTags } = place.source;
    place.source.pushTags = () => Promise.reject(new ReconcilerError('REPOSITORY_UNREACHABLE', 'away'));
    await place.deploy('web', 'one');
    expect(place.deployments.pushError).toBe('away');
    place.source.pushTags = pushTags;
    await eventually(
      () => place.source.pushedTags,
      (tags) => tags.length === 1,
      10_000,
    );
    expect(place.deployments.pushError).toBeNull();
  });
});

describe('the pace of pushes', () => {
  it('is slower the longer tags go on coming, and never slower than 30 s', () => {
    const pace = new PushPace();
    const waits: number[] = [];
    let now = 0;
    for (let push = 0; push < 8; push += 1) {
      now += pace.wait(now);
      pace.pushed(now);
      waits.push(pace.wait(now));
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(pace.wait(now + 30_000)).toBe(0);
    pace.pushed(now + 120_000);
    expect(pace.wait(now + 120_000)).toBe(1_000);
  });
});
