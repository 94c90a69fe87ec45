import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildEvent } from '../../../reconciler/public/builds.ts';
import type { BuildsRig } from '../../support/builds/builds-rig.ts';
import { createBuildsRig, HUB_PASSWORD } from '../../support/builds/builds-rig.ts';
import { eventually } from '../../support/eventually.ts';
import { FAKE_COMMIT } from '../../support/fakes/fake-repositories.ts';
import { MEMORY_DIGEST } from '../../support/memory/memory-builds.ts';

let on: BuildsRig;
beforeEach(async () => {
  on = await createBuildsRig();
});
afterEach(() => on[Symbol.asyncDispose]());

const linesOf = (events: readonly BuildEvent[]) =>
  events.flatMap((event) => (event.type === 'log' ? [event.log.message] : []));
const read = async (path: string) => {
  const { source } = on.rig;
  const { commit } = await source.resolve(new AbortController().signal);
  const files = await source.diff(null, commit, new AbortController().signal);
  const found = files.find((file) => file.path === path)?.after;
  return Buffer.from(await source.readBlob(found?.blob ?? '')).toString('utf8');
};

describe('a build', () => {
  it('clones, builds, pushes, and leaves nothing behind', async () => {
    const asked = await on.start({ tag: '1.4', args: { TOKEN: 'swordfish-value' } });
    expect(asked).toMatchObject({
      owner: 'ada@example.org',
      status: expect.stringMatching(/^(pending|cloning)$/) as string,
      image: 'hub.example.org/team/app:1.4',
      argumentNames: ['TOKEN'],
    });
    const events = await on.follow(asked.id);
    const stages = events.flatMap((event) => (event.type === 'progress' ? [event.build.stage] : []));
    expect(stages).toEqual(expect.arrayContaining(['Building image', 'Pushing image']));
    expect(linesOf(events)).toEqual(
      expect.arrayContaining(['cloning https://git.example.org/app', 'hello', `pushed as ${MEMORY_DIGEST}`]),
    );
    expect(on.rig.reconciler.getBuild(asked.id)).toMatchObject({
      status: 'completed',
      stage: 'Completed',
      progress: 100,
      branch: 'main',
      commit: FAKE_COMMIT,
      dockerfile: 'Dockerfile',
      digest: MEMORY_DIGEST,
      size: 1_234,
      error: null,
      write: null,
    });
    const { builds } = on.engine;
    expect(builds.pushed).toEqual(['hub.example.org/team/app:1.4 as ada']);
    expect([builds.images.size, on.repositories.open()]).toEqual([0, 0]);
    const [build] = builds.asked;
    expect(build?.args).toEqual({ TOKEN: 'swordfish-value' });
    expect(build?.registries.map(({ host }) => host)).toEqual(['hub.example.org']);
    // Files that are ignored are not sent, but for the two files that builders need.
    expect(build?.files.map(({ path }) => path)).toEqual(['.dockerignore', 'Dockerfile', 'main.js']);
    const told = JSON.stringify([
      events,
      on.rig.store.listBuilds({ limit: 9 }),
      on.rig.store.listBuildLogs(asked.id),
    ]);
    expect(told).not.toMatch(new RegExp(`swordfish|${HUB_PASSWORD}`));
  });

  it('gives the image to every deployment of a workflow, by one commit of the caller that changes nothing else', async () => {
    const { id } = await on.start({ stack: 'shop' });
    const build = await on.end(id);
    expect(build.write).toMatch(/^[0-9a-f]{40}$/);
    const image = `hub.example.org/team/app:latest@${MEMORY_DIGEST}`;
    const text = await read('workflows/shop.yaml');
    expect(text).toContain('# of the shop');
    expect(text).toContain('# the web page');
    expect(text.match(new RegExp(image, 'g'))).toHaveLength(2);
    expect(text).not.toMatch(/nginx|busybox/);
    const revision = await on.rig.source.resolve(new AbortController().signal);
    expect(revision).toMatchObject({ author: { name: 'Ada' }, subject: 'Update the image of shop' });
    // The same image once more is no commit.
    const again = await on.end((await on.start({ stack: 'shop' })).id);
    expect([again.status, again.write]).toEqual(['completed', null]);
  });

  it('gives the image to the one node that is named', async () => {
    await on.end((await on.start({ stack: 'shop', service: 'worker' })).id);
    const text = await read('workflows/shop.yaml');
    expect(text).toContain('nginx:1.29');
    expect(text).not.toContain('busybox');
  });

  it('gives the image to a service of a kombination', async () => {
    const file = 'kombinations/site/kombination.yaml';
    on.rig.source.push({
      [file]: 'version: "1.0"\nmeta: { name: site }\nservices:\n  web: { image: "nginx:1.28" } # old\n',
    });
    await on.rig.reconciler.refresh(new AbortController().signal);
    await expect(on.start({ stack: 'site' })).rejects.toThrow('say which of its services');
    await on.end((await on.start({ stack: 'site', service: 'web' })).id);
    expect(await read(file)).toContain(
      `web: { image: hub.example.org/team/app:latest@${MEMORY_DIGEST} } # old`,
    );
  });

  it('says when the workflow cannot have the image', async () => {
    const { source } = on.rig;
    on.engine.builds.play = () => {
      source.push({ 'workflows/shop.yaml': null, 'workflows/other.yaml': 'name: other\nnodes: []\n' });
    };
    const { id } = await on.start({ stack: 'shop', tag: '2' });
    const events = await on.follow(id);
    expect(on.rig.reconciler.getBuild(id)).toMatchObject({ status: 'completed', write: null });
    expect(linesOf(events).join('\n')).toContain(
      'the image is pushed, but shop does not have it: there is no stack shop',
    );
  });
});

describe('a build that fails', () => {
  it.each([
    ['clone', { branch: 'gone' }, 'no branch gone'],
    ['dockerfile', { dockerfile: 'Dockerfile.dev' }, 'there is no Dockerfile.dev in the repository'],
    ['dockerfile', { context: 'nowhere' }, 'the repository has no directory nowhere'],
  ] as const)('says that it was in the stage %s', async (stage, more, text) => {
    const build = await on.end((await on.start(more)).id);
    expect(build).toMatchObject({
      status: 'failed',
      errorStage: stage,
      error: expect.stringContaining(text) as string,
    });
    expect(on.repositories.open()).toBe(0);
  });

  it('tells the step that failed, and what the registry says', async () => {
    on.engine.builds.play = () => Promise.reject(new Error('bug'));
    const broken = await on.end((await on.start()).id);
    expect(broken).toMatchObject({ status: 'failed', errorStage: 'build', error: 'internal: bug' });
    on.engine.builds.play = null;
    on.engine.builds.refusal = new Error('denied');
    const refused = await on.end((await on.start()).id);
    expect(refused).toMatchObject({ status: 'failed', errorStage: 'push', progress: 75 });
    expect(on.engine.builds.images.size).toBe(0);
  });
});

describe('a build that is called off', () => {
  const stops = async (id: string) => {
    const cancelled = await on.rig.reconciler.cancelBuild(id);
    expect(cancelled).toMatchObject({ status: 'cancelled', stage: 'Cancelled by user' });
    expect(cancelled.endedAt).not.toBeNull();
    expect((await on.follow(id)).at(-1)).toMatchObject({ type: 'end', build: { status: 'cancelled' } });
    expect([on.repositories.open(), on.engine.builds.images.size]).toEqual([0, 0]);
    expect(on.engine.builds.pushed).toEqual([]);
    await expect(on.rig.reconciler.cancelBuild(id)).rejects.toMatchObject({
      code: 'BUILD_ENDED',
      message: 'build is already in terminal state: cancelled',
    });
  };

  it('while it clones', async () => {
    on.repositories.hang();
    await stops((await on.start()).id);
  });

  it.each(['build', 'push'])('in the middle of its %s', async (call) => {
    on.engine.control.failCall(call, 'hang');
    const { id } = await on.start();
    await eventually(
      () => on.engine.control.log,
      (log) => log.includes(call),
    );
    await stops(id);
  });

  it('while it waits for its turn, which the next one has then', async () => {
    on.repositories.hang();
    const [first, second, third] = [await on.start(), await on.start(), await on.start()];
    expect(second.status).toBe('pending');
    await stops(second.id);
    await on.rig.reconciler.cancelBuild(first.id);
    expect((await on.end(third.id)).status).toBe('completed');
  });

  it('once it is pushed is carried through', async () => {
    on.engine.control.delayMs = 60;
    const { id } = await on.start();
    await eventually(() => on.engine.builds.pushed.length, Boolean);
    await expect(on.rig.reconciler.cancelBuild(id)).rejects.toMatchObject({
      code: 'BUILD_ENDED',
      message: 'build is already in terminal state: completed',
    });
  });

  it('is not there', async () => {
    await expect(on.rig.reconciler.cancelBuild('0'.repeat(24))).rejects.toMatchObject({
      code: 'UNKNOWN_BUILD',
    });
  });
});
