import { expect, it } from 'vitest';
import { createDesiredState } from '../../../../reconciler/desired/desired-state.ts';
import { Secret } from '../../../../reconciler/model/secret.ts';
import type { RunContext } from '../../../../reconciler/run/context.ts';
import { readOverlay } from '../../../../reconciler/run/files/plan-overlay.ts';
import { checkSchema, createDesiredFixture, createFixedSecrets } from '../../../support/desired-fixtures.ts';
import { createMemorySource } from '../../../support/memory/memory-source.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';

/* The price of comparisons and previews for everybody else in the process. */

const SIGNAL = new AbortController().signal;
const HELD = 'policy: { sync: manual }\n';
const SETTINGS = 'kombinator.yaml';
const settings = (sync: string) => `version: "1.0"\npolicy: { sync: ${sync} }\n`;
const NAMES = Array.from({ length: 20 }, (_, index) => `s${index}`);

function describeOthers(image: string) {
  return Object.fromEntries(
    NAMES.map((name) => [file(name), stack(name, { web: `image: "${image}"` }, HELD)]),
  );
}

/** A rig with counters of what is expensive. */
function createCountingRig() {
  const memory = createMemorySource();
  const counts = { listings: 0, running: 0, most: 0, asked: 0 };
  const source = {
    ...memory,
    diff: async (...args: Parameters<typeof memory.diff>) => {
      counts.listings += Number(args[0] === null);
      counts.running += 1;
      counts.most = Math.max(counts.most, counts.running);
      await new Promise((resolve) => setImmediate(resolve));
      counts.running -= 1;
      return memory.diff(...args);
    },
  };
  const secrets = {
    ...createFixedSecrets(),
    run: async (name: string) => {
      counts.asked += 1;
      return new Secret('s', name);
    },
  };
  const desired = createDesiredState({ source, secrets, checkSchema });
  return { rig: createRig({ source, desired }), counts };
}

it('a comparison lists the files once, asks nobody for secrets, and is one at a time', async () => {
  const { rig, counts } = createCountingRig();
  await using _ = rig;
  const shop = (image: string) =>
    stack('shop', { web: `image: "${image}", environment: { KEY: "secret://command/say/key" }` }, HELD);
  rig.source.push({
    [SETTINGS]: settings('auto'),
    [file('shop')]: shop('nginx:1.28'),
    ...describeOthers('a:1'),
  });
  await rig.apply('shop');
  rig.source.push({ [SETTINGS]: settings('manual'), [file('shop')]: shop('nginx:1.29') }, 'newer');
  for (const [name, text] of Object.entries(describeOthers('a:2'))) rig.source.push({ [name]: text });
  await rig.reconciler.refresh(SIGNAL);
  Object.assign(counts, { listings: 0, most: 0, asked: 0 });
  const compare = (signal = SIGNAL) =>
    rig.reconciler.compareDeployments({ stack: 'shop', from: 1, to: 'current' }, signal);
  expect(await compare()).toMatchObject({
    commits: [{ subject: 'newer' }],
    images: [{ service: 'web', before: 'nginx:1.28', after: 'nginx:1.29' }],
  });
  expect(counts).toMatchObject({ listings: 1, asked: 0 });
  const gone = AbortSignal.abort(new Error('gone'));
  const all = await Promise.allSettled([compare(), compare(), compare(gone), compare()]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(counts).toMatchObject({ listings: 4, most: 1, asked: 0 });
});

it('a preview that concerns every stack lets others have a turn between them', async () => {
  const fixture = createDesiredFixture();
  await fixture.push(describeOthers('a:1'));
  let now = 0;
  let turns = 0;
  const clock = { elapsed: () => (now += 20), sleep: async () => void (turns += 1) };
  const context = { desired: fixture.state, clock } as unknown as RunContext;
  const request = { stack: 's0', file: file('s0'), writes: [{ path: SETTINGS, content: settings('auto') }] };
  const { others, diagnostics } = await readOverlay(context, request, SIGNAL);
  expect([others.length, diagnostics, turns]).toEqual([NAMES.length - 1, [], NAMES.length - 1]);
});
