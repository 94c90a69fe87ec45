import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { nextTag, parseTag } from '../../../reconciler/run/record/deployment-tag.ts';
import type { DeploymentTag } from '../../../reconciler/ports/source.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { eventually } from '../../support/eventually.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const web = (image: string) => ({ [file('shop')]: stack('shop', { web: `image: "${image}"` }) });
const AWAY = new ReconcilerError('REPOSITORY_UNREACHABLE', 'no route', { retryable: true });

const foreign = (
  name: string,
  commit: string,
  message = 'Deploy shop #2\n\nJob: job_of_somebody_else',
): DeploymentTag => ({
  name,
  commit,
  message,
  time: '2026-01-01T00:00:00.000Z',
});

/** Deploys once, so that the first tag stands at the remote. */
async function begin(): Promise<{
  readonly source: MemorySource;
  readonly rig: Rig;
  readonly first: string;
}> {
  const source = createMemorySource({ hasRemote: true });
  const rig = createRig({ source });
  const first = source.push(web('nginx:1.28'));
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  await pushed(source, 'deploy/shop/1');
  return { source, rig, first };
}

const pushed = (source: MemorySource, name: string) =>
  eventually(
    () => source.pushedTags,
    (tags) => tags.includes(name),
    8_000,
  );

const jobTag = (rig: Rig) => rig.jobs('shop')[0]?.tag;

describe('a command that could not push the tag', () => {
  it('says so, and the next deployment with its state directory pushes it', async () => {
    const source = createMemorySource({ hasRemote: true });
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    const { pushTags } = source;
    source.pushTags = () => Promise.reject(new ReconcilerError('REPOSITORY_UNREACHABLE', 'away'));
    const rig = createRig({ source, store });
    source.push(web('nginx:1.28'));
    expect((await rig.apply('shop')).job.tag).toBe('deploy/shop/1');
    expect(rig.reconciler.tagError()).toBe('away');
    source.pushTags = pushTags;
    await using next = await rig.restart({ store });
    source.push(web('nginx:1.29'));
    await next.apply('shop');
    expect([...source.pushedTags].sort()).toEqual(['deploy/shop/1', 'deploy/shop/2']);
    expect(next.reconciler.tagError()).toBeNull();
  });
});

describe('a deployment whose tag has a name that the remote has given away', () => {
  it('gets the next number', async () => {
    const { source, rig, first } = await begin();
    await using _ = rig;
    source.tagAtRemote(foreign('deploy/shop/2', first));
    const second = source.push(web('nginx:1.29'));
    await pushed(source, 'deploy/shop/3');
    await eventually(
      () => jobTag(rig),
      (tag) => tag === 'deploy/shop/3',
      4_000,
    );
    const tags = await source.tags('deploy/shop/');
    expect(tags.map(({ name, commit }) => [name, commit])).toEqual([
      ['deploy/shop/1', first],
      ['deploy/shop/2', first],
      ['deploy/shop/3', second],
    ]);
    expect(tags[2]?.message).toContain('Deploy shop #3\n');
  });

  it('gets the next number when a fetch has brought that tag before ours could be pushed', async () => {
    const { source, rig, first } = await begin();
    await using _ = rig;
    const push = source.pushTags.bind(source);
    source.pushTags = () => Promise.reject(AWAY);
    const second = source.push(web('nginx:1.29'));
    await eventually(
      () => jobTag(rig),
      (tag) => tag === 'deploy/shop/2',
      4_000,
    );
    source.tagAtRemote(foreign('deploy/shop/2', first));
    await rig.reconciler.refresh(new AbortController().signal);
    source.pushTags = push;
    await pushed(source, 'deploy/shop/3');
    await eventually(
      () => jobTag(rig),
      (tag) => tag === 'deploy/shop/3',
      4_000,
    );
    expect((await source.tags('deploy/shop/3')).map(({ commit }) => commit)).toEqual([second]);
    expect(source.pushedTags).not.toContain('deploy/shop/2');
  });
});

it('numbers past tags below that name which are no deployments', async () => {
  const { source, rig, first } = await begin();
  await using _ = rig;
  for (const name of ['2/old', '3', '9007199254740993', 'x'])
    source.tagAtRemote(foreign(`deploy/shop/${name}`, first, 'by hand'));
  source.push(web('nginx:1.29'));
  await pushed(source, 'deploy/shop/4');
  const history = await rig.reconciler.history('shop');
  expect(history.map((one) => one.tag)).toEqual(['deploy/shop/1', 'deploy/shop/4']);
});

describe('a tag of somebody with the last number that there is', () => {
  it('holds up no deployment', async () => {
    const { source, rig, first } = await begin();
    await using _ = rig;
    // 2 ** 53 and one are the same number: who counts on from there never comes to an end.
    source.tagAtRemote(foreign('deploy/shop/9007199254740991', first));
    source.push(web('nginx:1.29'));
    await pushed(source, 'deploy/shop/2');
  });

  it('is told of when no number is left', () => {
    const latest = parseTag('shop', foreign('deploy/shop/1000000000', 'c'));
    expect(latest?.number).toBe(1_000_000_000);
    expect(() => nextTag('shop', latest, [])).toThrow('delete that tag');
    expect(parseTag('shop', foreign('deploy/shop/9007199254740991', 'c'))).toBeNull();
  });
});
