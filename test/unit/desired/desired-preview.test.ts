import { expect, it } from 'vitest';
import type { FileWrite } from '../../../reconciler/ports/source.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { file, stack } from '../../support/reconciler-rig.ts';

/* A state with files on top of a revision. */

const SIGNAL = new AbortController().signal;
const WEB = { web: 'image: "nginx:1.28", environment: { KEY: "${KEY}" }' };

async function load(count: number) {
  const source = createMemorySource();
  const names = Array.from({ length: count }, (_, index) => `s${index}`);
  source.push(Object.fromEntries(names.map((name) => [file(name), stack(name, WEB)])));
  const secrets = createFixedSecrets({ 'secret://env/KEY': 'k' });
  const desired = createDesiredState({ source, secrets, checkSchema });
  await desired.load(await source.resolve(SIGNAL), SIGNAL);
  return { source, desired };
}

const write = (name: string, image: string): FileWrite => ({
  path: file(name),
  content: stack(name, { web: `image: "${image}"` }),
});

const imageOf = (state: { get(name: string): { services: readonly { image: string }[] } | undefined }) =>
  state.get('s1')?.services[0]?.image;

it('reads what the files change, and leaves the state in force as it is', async () => {
  const { source, desired } = await load(40);
  const before = source.blobReads;
  const preview = await desired.preview([write('s1', 'nginx:1.29'), write('new', 'nginx:1')], SIGNAL);
  expect(source.blobReads).toBe(before);
  expect(preview.result).toEqual({ changed: ['new', 's1'], removed: [] });
  expect([imageOf(preview), imageOf(desired)]).toEqual(['nginx:1.29', 'nginx:1.28']);
  expect([preview.names().length, desired.names().length]).toEqual([41, 40]);
  expect(preview.get('s2')?.diagnostics).toEqual(desired.get('s2')?.diagnostics);
  // The preview sees nothing of what is read afterwards.
  source.push({ [file('s1')]: null });
  await desired.load(await source.resolve(SIGNAL), SIGNAL);
  expect([preview.names().length, desired.names().length]).toEqual([41, 39]);
});

it('takes files away, and knows the content of those that it is of', async () => {
  const { desired } = await load(2);
  const gone = await desired.preview([{ path: file('s1'), content: null }], SIGNAL);
  expect([gone.names(), gone.result.removed]).toEqual([['s0'], ['s1']]);
  const { path, content } = write('s1', 'nginx:1.29');
  const preview = await desired.preview([{ path, content }], SIGNAL);
  const [entry] = preview.describing('s1')?.files ?? [];
  expect(new TextDecoder().decode(preview.inlineBlob(entry?.blob ?? ''))).toBe(content);
});
