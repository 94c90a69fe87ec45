import { describe, expect, it } from 'vitest';
import type { Spec } from '../../../reconciler/model/secret.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { Secrets } from '../../../reconciler/ports/secrets.ts';
import type { FileWrite } from '../../../reconciler/ports/source.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import type { DesiredFixture } from '../../support/desired-fixtures.ts';
import { checkSchema, createDesiredFixture, createFixedSecrets } from '../../support/desired-fixtures.ts';
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

it('keeps to itself what it finds out about other stacks', async () => {
  const { state, push } = createDesiredFixture();
  const port = (number: number) => ({ web: `image: "nginx:1.28", ports: ["${number}:80"]` });
  const [a, b] = [(number: number) => stack('a', port(number)), stack('b', port(81))];
  const isTaken = (some: Pick<typeof state, 'shown'>) =>
    some.shown('b')?.diagnostics.some(({ code }) => code === 'DUPLICATE_PORT');
  await push({ [file('a')]: a(80), [file('b')]: b });
  expect(isTaken(state)).toBe(false);
  const worse = await state.preview([{ path: file('a'), content: a(81) }], SIGNAL);
  expect([worse.get('b')?.diagnostics.length, isTaken(worse), isTaken(state)]).toEqual([1, true, false]);
  await push({ [file('a')]: a(81) });
  expect(isTaken(state)).toBe(true);
  const better = await state.preview([{ path: file('a'), content: a(80) }], SIGNAL);
  expect([better.get('b')?.diagnostics.length, isTaken(better), isTaken(state)]).toEqual([0, false, true]);
});

describe('the services of one stack with other files', () => {
  const asked: string[] = [];
  const port: Secrets = {
    ...createFixedSecrets(),
    run: (name) => {
      asked.push(name);
      return Promise.resolve(new Secret('s', name));
    },
  };
  const secret = 'image: "nginx:1.28", environment: { KEY: "secret://command/say/key" }';
  const images = async (
    { state }: DesiredFixture,
    writes: readonly FileWrite[],
    files: readonly string[] = [file('s1')],
  ) => {
    const services = await state.servicesWith(writes, { stack: 's1', files }, SIGNAL);
    return services.map(({ name, image }) => `${name} ${image}`);
  };

  it('are read without looking at other stacks, or for secrets', async () => {
    const fixture = createDesiredFixture({ port });
    const names = Array.from({ length: 30 }, (_, index) => `s${index}`);
    await fixture.push(Object.fromEntries(names.map((name) => [file(name), stack(name, { web: secret })])));
    expect(asked).not.toEqual([]);
    asked.length = 0;
    const before = fixture.source.blobReads;
    const settings = {
      path: 'kombinator.yaml',
      content: 'version: "1.0"\nexclude: ["kombinations/s2/**"]\n',
    };
    const newer = { path: file('s1'), content: stack('s1', { web: secret.replace('1.28', '1.29') }) };
    expect(await images(fixture, [settings])).toEqual(['web nginx:1.28']);
    expect(await images(fixture, [settings, newer])).toEqual(['web nginx:1.29']);
    expect([asked, fixture.source.blobReads]).toEqual([[], before]);
    expect(fixture.state.names()).toHaveLength(30);
    expect(imageOf(fixture.state)).toBe('nginx:1.28');
  });

  it('are found where its document was, with the kits of then', async () => {
    const fixture = createDesiredFixture();
    const kit = (image: string) =>
      `name: small\nversion: "1"\ndescription: x\nservices: { web: { description: x, service: { image: "${image}" } } }\n`;
    const text = stack('s1', { web: 'enabled: true' }, 'stackkit: small\n');
    const KIT = 'stackkits/small/stackkit.yaml';
    await fixture.push({ [KIT]: kit('nginx:1.28'), [file('s1')]: text });
    const old = file('earlier');
    const writes = [
      { path: KIT, content: kit('nginx:1.27') },
      { path: file('s1'), content: null },
      { path: old, content: text },
    ];
    expect(await images(fixture, writes, [old, file('s1')])).toEqual(['web nginx:1.27']);
    expect(await images(fixture, [{ path: file('s1'), content: null }])).toEqual([]);
  });

  it.each(['s0', 's2'])('know the proxy that they share, which %s brings', async (other) => {
    const fixture = createDesiredFixture();
    const home = (name: string, tag: string) =>
      `version: "1.0"\nstackkit: base-kit\nmeta: { name: ${name}, domain: ${name}.example.org, email: a@example.org }\n` +
      `services:\n  web: { image: "nginx:${tag}", route: { port: 80 } }\n`;
    await fixture.push({ [file('s1')]: home('s1', '1.28'), [file(other)]: home(other, '1.28') });
    const now = fixture.state.get('s1')?.services.map(({ name, image }) => `${name} ${image}`) ?? [];
    const newer = [{ path: file('s1'), content: home('s1', '1.29') }];
    expect(await images(fixture, newer)).toEqual(now.map((one) => one.replace('1.28', '1.29')));
    // The document was elsewhere.
    const moved = [
      ...newer,
      { path: file('s1'), content: null },
      { path: file('s'), content: home('s1', '1.28') },
    ];
    expect(await images(fixture, moved.slice(1), [file('s'), file('s1')])).toEqual(now);
    expect(now.some((one) => one.startsWith('traefik'))).toBe(other === 's2');
  });
});

it('leaves a file executable that is one', async () => {
  const { source, desired } = await load(2);
  const path = 'kombinations/s1/run.sh';
  const text = stack('s1', { web: 'image: "nginx:1.28", files: [{ source: run.sh, target: /run.sh }]' });
  source.pushWrites([
    { path: file('s1'), content: text },
    { path, content: 'a\n', type: 'executable' },
  ]);
  await desired.load(await source.resolve(SIGNAL), SIGNAL);
  const preview = await desired.preview([{ path, content: 'b\n' }], SIGNAL);
  const modesOf = (state: typeof desired) =>
    state
      .get('s1')
      ?.resources.flatMap(({ spec: { files = [] } }) => files as readonly Spec[])
      .map(({ mode }) => mode);
  expect([modesOf(desired), modesOf(preview)]).toEqual([[0o755], [0o755]]);
});
