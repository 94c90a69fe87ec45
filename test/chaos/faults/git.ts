import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Random } from '../random.ts';
import type { Rig } from '../rig.ts';
import { EMPTY_WORLD } from '../world/model.ts';
import type { Fault } from './fault.ts';
import { waitForMoment } from './fault.ts';

export const gitFaults: readonly Fault[] = [
  {
    name: 'git-locks',
    summary: 'a Git that was killed has left its lock files, for tags and for the packed references',
    isMain: true,
    needs: {},
    inject: leaveLocks,
    undo: removeLocks,
  },
  {
    name: 'git-force',
    summary: 'the branch is forced back to an older commit, and pushed on from there',
    isMain: true,
    needs: {},
    inject: forceBack,
  },
  {
    name: 'git-emptied',
    summary:
      'the branch is emptied, deleted, or another empty repository stands in its place; nothing may go',
    isMain: true,
    needs: {},
    inject: empty,
    undo: restore,
  },
  {
    name: 'git-vanished',
    summary: 'the repository is away for a while, sometimes over a restart',
    isMain: false,
    needs: {},
    async inject(rig, random) {
      const moment = await waitForMoment(rig, random);
      await rig.repository.vanish();
      await waitForMoment(rig, random, 6_000);
      const told = random.chance(0.3) ? await restartMeanwhile(rig, random) : '';
      await rig.repository.reappear();
      return `away after ${moment} ms${told}`;
    },
    undo: (rig) => rig.repository.reappear().catch(() => undefined),
  },
  {
    name: 'git-gc',
    summary: 'the repository is packed and pruned while it is read and pushed to',
    isMain: false,
    needs: {},
    async inject(rig, random) {
      // Objects that nobody refers to yet are pruned after two weeks only, as Git does by itself: at once would break any writer.
      const packing = rig.repository.git('gc', '--quiet');
      const pushed = await rig.push(random);
      await packing;
      await rig.repository.git('repack', '-adq');
      return `gc and repack, ${pushed}`;
    },
  },
];

async function leaveLocks(rig: Rig, random: Random): Promise<string> {
  const tags = await rig.repository.tags();
  const locks = Object.keys(rig.world.model.stacks)
    .filter(() => random.chance(0.5))
    .map((stack) => {
      const next = Math.max(0, ...tags.filter((tag) => tag.stack === stack).map(({ number }) => number)) + 1;
      return join('refs/tags/deploy', stack, `${next}.lock`);
    });
  if (random.chance(0.3)) locks.push('packed-refs.lock');
  for (const lock of locks) {
    await mkdir(join(rig.repository.path, dirname(lock)), { recursive: true });
    await writeFile(join(rig.repository.path, lock), '');
  }
  const pushed = await rig.push(random);
  await waitForMoment(rig, random, 8_000);
  await removeLocks(rig);
  return `${locks.length} locks, ${pushed}`;
}

async function removeLocks({ repository }: Rig): Promise<void> {
  await rm(join(repository.path, 'packed-refs.lock'), { force: true });
  const tags = join(repository.path, 'refs/tags/deploy');
  const files = await readdir(tags, { recursive: true }).catch((): string[] => []);
  for (const lock of files.filter((file) => file.endsWith('.lock')))
    await rm(join(tags, lock), { force: true });
}

/** Goes back to a commit that does not take more stacks away than it leaves. */
async function forceBack(rig: Rig, random: Random): Promise<string> {
  const { world, repository } = rig;
  const names = Object.keys(world.model.stacks);
  const candidates = world.ledger
    .commits()
    .slice(-5, -1)
    .filter((commit) => {
      const kept = Object.keys(world.ledger.modelOf(commit)!.stacks);
      return kept.length > names.filter((name) => !kept.includes(name)).length;
    });
  if (candidates.length === 0) return 'there is nothing to go back to';
  const commit = random.pick(candidates);
  const { counter, names: given } = world.model;
  const model = { ...world.ledger.modelOf(commit)!, counter, names: given };
  await repository.rewind(commit);
  world.moveTo(commit, model);
  await waitForMoment(rig, random, 2_000);
  const pushed = random.chance(0.5) ? `, then ${await rig.push(random)}` : '';
  return `back to ${commit.slice(0, 8)}${pushed}`;
}

const WAYS = ['an empty commit', 'no branch', 'an empty repository'] as const;

async function empty(rig: Rig, random: Random): Promise<string> {
  const { repository, world } = rig;
  await waitForMoment(rig, random, 3_000);
  const way = random.pick(WAYS);
  if (way === 'an empty commit') {
    const tree = await repository.git('hash-object', '-t', 'tree', '-w', '/dev/null');
    const commit = await repository.git('commit-tree', tree, '-p', world.head, '-m', 'empty');
    world.ledger.note(commit, EMPTY_WORLD);
    await repository.git('update-ref', 'refs/heads/main', commit);
  } else if (way === 'no branch') {
    await repository.git('update-ref', '-d', 'refs/heads/main');
  } else {
    await repository.vanish();
    await mkdir(repository.path);
    await repository.git('init', '--quiet', '--bare', '--initial-branch=main');
  }
  await waitForMoment(rig, random, 6_000);
  const told = random.chance(0.4) ? await restartMeanwhile(rig, random) : '';
  await expectEverythingThere(rig);
  await restore(rig);
  return `${way}${told}`;
}

async function restartMeanwhile(rig: Rig, random: Random): Promise<string> {
  await rig.daemon.stop('SIGKILL');
  await rig.daemon.start();
  await waitForMoment(rig, random, 3_000);
  return ', killed and started meanwhile';
}

/** Throws when a stack that was well before and is described still has no container. */
async function expectEverythingThere({ engine, world }: Rig): Promise<void> {
  const { containers } = await engine.snapshot();
  const gone = Object.keys(world.ledger.settled().stacks).filter(
    (name) =>
      world.model.stacks[name] !== undefined &&
      Object.keys(world.model.stacks[name].services).some((service) => world.ledger.hasRun(name, service)) &&
      !containers.some(({ stack }) => stack === name),
  );
  if (gone.length > 0) throw new Error(`an emptied repository took ${gone.join(', ')} down`);
}

async function restore({ repository, world }: Rig): Promise<void> {
  if (existsSync(`${repository.path}.away`)) {
    await rm(repository.path, { recursive: true, force: true });
    await repository.reappear();
  }
  await repository.git('update-ref', 'refs/heads/main', world.head);
}
