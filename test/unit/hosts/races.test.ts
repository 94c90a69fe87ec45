import { setImmediate as turn } from 'node:timers/promises';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { DEFAULT_HOST_SETTINGS } from '../../../reconciler/ports/hosts/host-settings.ts';
import { eventually } from '../../support/eventually.ts';
import { createMemoryHost } from '../../support/memory/memory-host.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const RACES = Number(process.env['HOST_RACES'] ?? 40);
const SEED = Number(process.env['HOST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 12;
const SIGNAL = new AbortController().signal;

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Files of a proposal that can be told from every other by the number of its stacks. */
function proposal(number: number, stacks: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: stacks }, (_, index) => {
      const name = `p${number}-${index}`;
      return [file(name), stack(name, { web: 'image: nginx:1.28' })];
    }),
  );
}

describe('pushes, merges and applies at the same time', () => {
  it(`never make a success of a commit that was not planned, nor more than one comment (HOST_SEED=${SEED}, ${RACES} races)`, async () => {
    for (let race = 0; race < RACES; race += 1) {
      const wrong = await runRace(SEED + race);
      expect(wrong, `HOST_SEED=${SEED + race} HOST_RACES=1`).toEqual([]);
    }
  }, 600_000);

  it('leave one comment after 50 pushes, which is right at every moment', async () => {
    const host = createMemoryHost({ pause: () => turn() });
    const hostSettings = DEFAULT_HOST_SETTINGS;
    await using rig = createRig({ gitHost: host, hostSettings });
    const base = rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }) });
    await rig.reconciler.start();
    const sizes = new Map<string, number>();
    let head = '';
    for (let push = 1; push <= 50; push += 1) {
      head = rig.source.commitBeside(base, proposal(1, push));
      sizes.set(head.slice(0, 10), push);
      host.propose(1, head);
      rig.reconciler.noteHook({ type: 'pull', number: 1, delivery: String(push) });
      for (let wait = push % 7; wait > 0; wait -= 1) await turn();
    }
    await eventually(
      () => host.status(head, 'kombinator/plan')?.state,
      (state) => state === 'success',
      20_000,
    );

    expect(host.comments(1)).toHaveLength(1);
    expect(host.status(head, 'kombinator/plan')?.description).toMatch(/^50 stacks: /);
    for (const text of host.history(1)) expect(whyWrong(text, sizes)).toBeNull();
  }, 60_000);
});

/** A comment that tells a plan tells that of the commit in its second line. */
function whyWrong(text: string, sizes: ReadonlyMap<string, number>): string | null {
  const [, stamp = ''] = text.split('\n');
  const planned = /planned (?:the merge )?of `(\w+)`/.exec(stamp)?.[1];
  const rows = text.split('\n').filter((line) => /^\| `p\d+-\d+`/.test(line)).length;
  if (planned === undefined) return rows === 0 ? null : `a plan without its commit: ${stamp}`;
  return rows === sizes.get(planned) ? null : `${planned} has ${rows} stacks, not ${sizes.get(planned)}`;
}

async function runRace(seed: number): Promise<readonly string[]> {
  const random = randomOf(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const wrong: string[] = [];
  const sizes = new Map<string, number>();
  const pause = async (): Promise<void> => {
    for (let wait = pick(4); wait > 0; wait -= 1) await turn();
  };
  const host = createMemoryHost({
    pause,
    onStatus(commit, { context, state, description }) {
      if (state !== 'success') return;
      const size = sizes.get(commit.slice(0, 10));
      const told = /^(\d+) stacks?: /.exec(description)?.[1];
      if (context === 'kombinator/plan' && Number(told ?? 0) !== size)
        wrong.push(`${commit.slice(0, 10)}: "${description}", though it has ${size}`);
      if (context === 'kombinator/deploy' && size !== undefined && !pushed.has(commit))
        wrong.push(`${commit.slice(0, 10)} was never on the branch`);
    },
  });
  const pushed = new Set<string>();
  await using rig = createRig({ gitHost: host, hostSettings: DEFAULT_HOST_SETTINGS });
  let tip = rig.source.push({ [file('shop')]: stack('shop', { web: 'image: nginx:1.28' }) });
  pushed.add(tip);
  await rig.reconciler.start();
  const files = new Map<number, Record<string, string>>();
  const heads = new Map<number, string>();
  const merged = new Set<number>();
  let deliveries = 0;
  const tell = (number: number) =>
    rig.reconciler.noteHook({ type: 'pull', number, delivery: String(deliveries++) });
  const steps: readonly (() => void)[] = [
    () => {
      const number = 1 + pick(2);
      if (merged.has(number)) return;
      const proposed = proposal(number, 1 + pick(6));
      const head = rig.source.commitBeside(tip, { ...proposed, 'note.txt': `${seed} ${deliveries}` });
      files.set(number, proposed);
      heads.set(number, head);
      sizes.set(head.slice(0, 10), Object.keys(proposed).length);
      host.propose(number, head);
      tell(number);
    },
    () => {
      tip = rig.source.push({ 'other.txt': `${seed} ${deliveries++}` });
      pushed.add(tip);
      rig.reconciler.requestSync();
    },
    () => {
      const number = 1 + pick(2);
      const proposed = files.get(number);
      if (proposed === undefined || merged.has(number)) return;
      merged.add(number);
      tip = rig.source.push(proposed);
      pushed.add(tip);
      host.merged(number, tip);
      tell(number);
      rig.reconciler.requestSync();
    },
    () => {
      void rig.reconciler
        .apply({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL)
        .catch(() => undefined);
    },
  ];
  for (let step = 0; step < STEPS; step += 1) {
    steps[pick(steps.length)]?.();
    await pause();
  }
  for (const number of [1, 2]) {
    const head = heads.get(number);
    if (head === undefined || merged.has(number)) continue;
    await eventually(
      () => host.status(head, 'kombinator/plan')?.state,
      (state) => state === 'success',
      10_000,
    );
    if (host.status(head, 'kombinator/plan')?.state !== 'success') wrong.push(`${head} was never planned`);
    const [comment = ''] = host.comments(number);
    if (!comment.includes(head.slice(0, 10))) wrong.push(`the comment of ${number} is not of ${head}`);
  }
  for (const number of [1, 2]) {
    if (host.comments(number).length > 1) wrong.push(`${number} has more than one comment`);
    for (const text of host.history(number)) {
      const reason = whyWrong(text, sizes);
      if (reason !== null) wrong.push(reason);
    }
  }
  return wrong;
}
