import { expect, it } from 'vitest';
import type { Store } from '../../../reconciler/ports/store.ts';
import { at, buildBuild, buildBuildLog } from '../../support/records.ts';

const ids = (builds: readonly { readonly id: string }[]) => builds.map(({ id }) => id);
const idOf = (number: number) => buildBuild(number).id;

/** Describes what every store must do with builds. */
export function describeBuildRecords(current: () => Store): void {
  it('gives a build back as it was saved, and its newest state after a second save', () => {
    const store = current();
    const build = buildBuild(1, {
      stack: 'shop',
      dockerfile: 'Dockerfile.dev',
      argumentNames: ['A', 'B'],
      branch: null,
    });
    store.saveBuild(build);
    expect(store.getBuild(build.id)).toEqual(build);

    const ended = {
      ...build,
      branch: 'main',
      commit: 'a'.repeat(40),
      generated: true,
      status: 'failed',
      stage: 'Failed',
      progress: 75,
      digest: `sha256:${'b'.repeat(64)}`,
      size: 12_345_678_901,
      write: 'c'.repeat(40),
      error: 'the registry refused',
      errorStage: 'push',
      startedAt: at(2),
      endedAt: at(3),
    } as const;
    store.saveBuild(ended);
    expect(store.getBuild(build.id)).toEqual(ended);
    expect(store.getBuild('unknown')).toBeUndefined();
  });

  it('lists builds of one or of all, the newest first, and those that have not ended', () => {
    const store = current();
    for (const number of [1, 2, 3]) store.saveBuild(buildBuild(number, { status: 'building' }));
    store.saveBuild(buildBuild(4, { owner: 'ben', status: 'completed', endedAt: at(5) }));

    const page = store.listBuilds({ owner: 'ada', limit: 2, offset: 1 });
    expect([ids(page.builds), page.total]).toEqual([[idOf(2), idOf(1)], 3]);
    expect(ids(store.listBuilds({ limit: 1 }).builds)).toEqual([idOf(4)]);
    expect(store.listBuilds({ limit: 1 }).total).toBe(4);
    expect(ids(store.listOpenBuilds())).toEqual([1, 2, 3].map(idOf));
  });

  it('keeps the last lines of a build', () => {
    const store = current();
    const [first, second] = [idOf(1), idOf(2)];
    store.appendBuildLogs(first, [1, 2, 3].map(buildBuildLog), 4);
    store.appendBuildLogs(first, [3, 4, 5, 6].map(buildBuildLog), 4);
    store.appendBuildLogs(second, [buildBuildLog(1)], 4);

    expect(store.listBuildLogs(first)).toEqual([3, 4, 5, 6].map(buildBuildLog));
    expect(store.listBuildLogs(first, 4)).toEqual([5, 6].map(buildBuildLog));
    expect(store.listBuildLogs(second)).toEqual([buildBuildLog(1)]);
  });

  it('drops builds with their lines by age and by number, and never one that has not ended', () => {
    const store = current();
    store.saveBuild(buildBuild(1));
    for (const number of [2, 3, 4, 5]) {
      store.saveBuild(buildBuild(number, { status: 'completed', endedAt: at(number) }));
      store.appendBuildLogs(idOf(number), [buildBuildLog(1)], 4);
    }

    store.pruneBuilds(at(3), 2);

    expect(ids(store.listBuilds({ limit: 10 }).builds)).toEqual([5, 4, 1].map(idOf));
    expect([2, 3, 4, 5].map((number) => store.listBuildLogs(idOf(number)).length)).toEqual([0, 0, 1, 1]);
  });
}
