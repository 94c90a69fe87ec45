import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type { DesiredState } from '../../../reconciler/ports/desired.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import {
  briefDiagnostics,
  checkSchema,
  createDesiredFixture,
  createFixedSecrets,
  kombination,
} from '../../support/desired-fixtures.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';

const at = (name: string): string => `kombinations/${name}/kombination.yaml`;
const codes = (state: DesiredState, name: string): readonly string[] =>
  (state.get(name)?.diagnostics ?? []).map((diagnostic) => diagnostic.code);
const published = (port: number): string => `web: { image: nginx, ports: ["${port}:80"] }`;

describe('load', () => {
  it('reads everything first, then only what changed', async () => {
    const { state, source, push } = createDesiredFixture();
    expect(
      await push({
        [at('a')]: kombination('a'),
        [at('b')]: kombination('b'),
        'x/kombination.yml': kombination('c'),
      }),
    ).toEqual({ changed: ['a', 'b', 'c'], removed: [] });
    const before = source.blobReads;
    expect(await push({ [at('b')]: kombination('b', 'web: { image: other }'), 'README.md': 'new' })).toEqual({
      changed: ['b'],
      removed: [],
    });
    expect(source.blobReads - before).toBe(1);
    expect(await push({ [at('a')]: null })).toEqual({ changed: [], removed: ['a'] });
    expect(state.names()).toEqual(['b', 'c']);
    expect(state.get('a')).toBeUndefined();
  });

  it('does nothing for the revision in force, and notes its state', async () => {
    const { state, source, push, load } = createDesiredFixture();
    await push({ [at('a')]: kombination('a') });
    source.setDirty(true);
    expect(await load()).toEqual({ changed: [], removed: [] });
    expect(state.revision?.dirty).toBe(true);
  });

  it('keeps what is in force when the new revision describes no stack', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a') });
    const { revision } = state;
    await expect(push({ [at('a')]: null })).rejects.toMatchObject({ code: 'EMPTY_REPOSITORY' });
    expect(state.names()).toEqual(['a']);
    expect(state.revision).toBe(revision);
    expect(await push({ [at('b')]: kombination('b') })).toEqual({ changed: ['b'], removed: ['a'] });
  });

  it('keeps what is in force when the source fails or the caller gives up', async () => {
    const { state, source, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a') });
    source.push({ [at('a')]: null, [at('b')]: kombination('b') });
    const next = await source.resolve(new AbortController().signal);
    source.failWith(new ReconcilerError('REPOSITORY_UNREACHABLE', 'gone', { retryable: true }));
    await expect(state.load(next, new AbortController().signal)).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
    });
    source.failWith(null);
    await expect(state.load(next, AbortSignal.abort())).rejects.toThrow();
    expect(state.names()).toEqual(['a']);
    expect(await state.load(next, new AbortController().signal)).toEqual({ changed: ['b'], removed: ['a'] });
  });

  it('compares everything anew when the branch was rewritten and the old commit is gone', async () => {
    const { state, source, push, load } = createDesiredFixture();
    await push({ [at('a')]: kombination('a'), [at('b')]: kombination('b') });
    const old = state.revision?.commit ?? '';
    source.moveBranch(null);
    source.push({ [at('b')]: kombination('b', 'web: { image: other }') });
    source.forget(old);
    expect(await load()).toEqual({ changed: ['b'], removed: ['a'] });
  });

  it('takes loads one after the other', async () => {
    const { state, source } = createDesiredFixture();
    const { signal } = new AbortController();
    source.push({ [at('a')]: kombination('a') });
    const first = await source.resolve(signal);
    source.push({ [at('b')]: kombination('b') });
    const second = await source.resolve(signal);
    const results = await Promise.all([state.load(first, signal), state.load(second, signal)]);
    expect(results.map(({ changed }) => changed)).toEqual([['a'], ['b']]);
    expect(state.names()).toEqual(['a', 'b']);
  });

  it('reads two files with the same content as two stacks', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('same'), [at('b')]: kombination('same') });
    expect(state.names()).toEqual(['same']);
    expect(codes(state, 'same')).toEqual(['DUPLICATE_STACK']);
  });
});

describe('a broken file', () => {
  it.each([
    { what: 'bad YAML', text: 'meta: { name: a }\nservices: [' },
    { what: 'YAML without a name', text: 'services: {}' },
    { what: 'a name that cannot be', text: kombination('A_b') },
    { what: 'bytes', text: Uint8Array.of(0xff, 0xfe, 0x00) },
  ])('with $what stays a stack of its name', async ({ text }) => {
    const { state, push } = createDesiredFixture();
    await push({ 'apps/x/kombination.yaml': kombination('a') });
    expect(await push({ 'apps/x/kombination.yaml': text })).toEqual({ changed: ['a'], removed: [] });
    expect(state.get('a')).toMatchObject({ resources: [] });
    expect(codes(state, 'a')).not.toEqual([]);
  });

  it('finds its name in what is left of it when it was never well', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      'apps/x/kombination.yaml': 'version: "1.0"\nmeta:\n  name: shop\nservices: [',
      [at('b')]: 'services: [',
    });
    expect(state.names()).toEqual(['b', 'shop']);
  });

  it('does not take the name of a stack that is well', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a'), 'other/a/kombination.yaml': '[' });
    expect(codes(state, 'a')).toEqual([]);
    expect(state.diagnostics().map((diagnostic) => diagnostic.file)).toEqual(['other/a/kombination.yaml']);
  });

  it('is not read when it is too large', async () => {
    const { state, push } = createDesiredFixture({ limits: { documentBytes: 200 } });
    await push({ [at('a')]: `${kombination('a')}# ${'x'.repeat(200)}` });
    expect(state.get('a')?.diagnostics).toMatchObject([{ code: 'FILE_TOO_LARGE', file: at('a') }]);
  });
});

describe('stacks that share something', () => {
  it('are all told about a name, and healed together', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('same'), [at('b')]: kombination('b') });
    expect(await push({ [at('b')]: kombination('same') })).toEqual({ changed: ['same'], removed: ['b'] });
    expect(
      state.diagnostics().map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`),
    ).toEqual([
      `${at('a')}:2:15 the stack same is also described by ${at('b')}`,
      `${at('b')}:2:15 the stack same is also described by ${at('a')}`,
    ]);
    expect(await push({ [at('b')]: kombination('b') })).toEqual({ changed: ['b', 'same'], removed: [] });
    expect(state.diagnostics()).toEqual([]);
  });

  it('are all told about a port of one engine', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a', published(80)), [at('b')]: kombination('b', published(81)) });
    expect(await push({ [at('b')]: kombination('b', published(80)) })).toEqual({
      changed: ['a', 'b'],
      removed: [],
    });
    expect(briefDiagnostics(state.diagnostics())).toEqual([
      '4:32 error DUPLICATE_PORT services.web.ports[0]',
      '4:32 error DUPLICATE_PORT services.web.ports[0]',
    ]);
    expect(state.get('a')?.resources).toEqual([]);
    expect(await push({ [at('b')]: null })).toEqual({ changed: ['a'], removed: ['b'] });
    expect(state.get('a')?.resources).not.toEqual([]);
  });

  it.each([
    { when: 'addresses differ', ports: ['127.0.0.1:80:80', '127.0.0.2:80:80'], host: 'localhost', want: 0 },
    { when: 'one takes all addresses', ports: ['127.0.0.1:80:80', '80:80'], host: 'localhost', want: 2 },
    { when: 'families differ', ports: ['0.0.0.0:80:80', '[::]:80:80'], host: 'localhost', want: 0 },
    { when: 'one takes all of IPv4', ports: ['0.0.0.0:80:80', '[::1]:80:80'], host: 'localhost', want: 0 },
    { when: 'all of IPv6 have one', ports: ['[::]:80:80', '[::1]:80:80'], host: 'localhost', want: 2 },
    { when: 'protocols differ', ports: ['80:80', '80:80/udp'], host: 'localhost', want: 0 },
    { when: 'engines differ', ports: ['80:80', '80:80'], host: 'pi', want: 0 },
    { when: 'the engine chooses', ports: ['80', '80'], host: 'localhost', want: 0 },
  ])('have $want findings when $when', async ({ ports, host, want }) => {
    const { state, push } = createDesiredFixture();
    const [first, second] = ports.map((port, index) =>
      kombination(`s${index}`, `web: { image: nginx, ports: ["${port}"] }`),
    );
    await push({
      'a/kombination.yaml': first ?? '',
      'b/kombination.yaml': `${second}nodes: [{ name: n, connection: { host: ${host} } }]\n`,
    });
    expect(state.diagnostics()).toHaveLength(want);
  });
});

describe('nodes', () => {
  const text = `${kombination('a')}nodes: [{ name: pi }]\n`;
  const node = (host: string): string => `connection: { host: ${host} }\n`;

  it('are shared, and change the stacks that name them', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: text, [at('b')]: kombination('b'), 'nodes/pi.yaml': node('pi.lan') });
    expect(state.get('a')?.targets).toMatchObject([
      { name: 'pi', connection: { type: 'ssh', host: 'pi.lan' } },
    ]);
    expect(state.nodes()).toMatchObject([{ name: 'pi', file: 'nodes/pi.yaml' }]);
    expect(await push({ 'nodes/pi.yaml': node('pi2.lan') })).toEqual({ changed: ['a'], removed: [] });
    expect(await push({ 'nodes/pi.yaml': null })).toEqual({ changed: ['a'], removed: [] });
    expect(codes(state, 'a')).toEqual(['UNKNOWN_NODE']);
  });

  it('with errors are told of, and stop the stacks that name them', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: text, 'nodes/pi.yaml': 'name: po\nconection: {}\n' });
    expect(briefDiagnostics(state.diagnostics().filter(({ file }) => file === 'nodes/pi.yaml'))).toEqual([
      '1:1 error REQUIRED connection',
      '1:7 error INVALID_VALUE name',
      '2:1 error UNKNOWN_KEY conection',
    ]);
    // Its plan says why, too.
    expect(codes(state, 'a')).toEqual(['UNKNOWN_NODE', 'REQUIRED', 'INVALID_VALUE', 'UNKNOWN_KEY']);
    expect(state.nodes()).toEqual([]);
  });
});

describe('kombinator.yaml', () => {
  it('sets the policy of stacks that say nothing else', async () => {
    const { state, push } = createDesiredFixture();
    const own = `${kombination('b')}policy: { drift: fix }\n`;
    await push({ [at('a')]: kombination('a'), [at('b')]: own });
    expect(state.get('a')?.policy).toMatchObject({ drift: 'fix', maxDeletions: 10 });
    expect(await push({ 'kombinator.yaml': 'policy: { drift: alert, maxDeletions: 2 }\n' })).toEqual({
      changed: ['a', 'b'],
      removed: [],
    });
    expect(state.get('a')?.policy).toMatchObject({ drift: 'alert', maxDeletions: 2 });
    expect(state.get('b')?.policy).toMatchObject({ drift: 'fix', maxDeletions: 2 });
    expect(state.settings().policy.drift).toBe('alert');
  });

  it('says, as a stack does, whose fields are taken over in its objects', async () => {
    const { state, push } = createDesiredFixture();
    const flow = [
      'name: flow',
      'cluster: prod',
      'namespace: flow',
      'status: published',
      'nodes: [{ id: conf, type: configmap, data: { name: conf, data: { a: "1" } } }]',
    ];
    await push({
      'kombinator.yaml': 'policy: { takeOver: [terraform] }\n',
      'clusters/prod.yaml': 'name: prod\nserver: http://127.0.0.1:1\n',
      'workflows/flow.yaml': `${flow.join('\n')}\n`,
      [at('a')]: kombination('a'),
      [at('b')]: `${kombination('b')}policy: { takeOver: [helm, "kubectl*"] }\n`,
    });
    const named = (name: string) => new Set(state.get(name)?.resources.map(({ takeOver }) => takeOver));
    expect(named('flow')).toEqual(new Set([['terraform']]));
    expect(named('a')).toEqual(new Set([['terraform']]));
    expect(named('b')).toEqual(new Set([['helm', 'kubectl*']]));
  });

  it('leaves out and takes in', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a'), 'drafts/kombination.yaml': kombination('b') });
    expect(await push({ 'kombinator.yaml': 'exclude: ["drafts/**"]\n' })).toEqual({
      changed: ['a'],
      removed: ['b'],
    });
    expect(await push({ 'kombinator.yaml': 'include: ["drafts/**"]\n' })).toEqual({
      changed: ['b'],
      removed: ['a'],
    });
    expect(state.names()).toEqual(['b']);
  });

  it('changes nothing when it has errors', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      [at('a')]: kombination('a'),
      'drafts/kombination.yaml': kombination('b'),
      'kombinator.yaml': 'exclude: ["drafts/**"]\n',
    });
    await push({ 'kombinator.yaml': 'exclude: 1\n' });
    expect(state.names()).toEqual(['a']);
    expect(briefDiagnostics(state.diagnostics())).toEqual(['1:10 error INVALID_TYPE exclude']);
    expect(codes(state, 'a')).toEqual([]);
  });

  it.each(['+(a|b)', '{a,b'])('changes nothing when a glob is none: %s', async (glob) => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a') });
    await push({ 'kombinator.yaml': `include: ["${glob}"]\n` });
    expect(state.names()).toEqual(['a']);
    expect(briefDiagnostics(state.diagnostics())).toEqual(['1:11 error INVALID_FORMAT include[0]']);
  });

  it('stops everything when it was never without errors', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: kombination('a'), 'kombinator.yaml': 'exclude: 1\n' });
    expect(state.get('a')).toMatchObject({ resources: [], diagnostics: [{ file: 'kombinator.yaml' }] });
    await push({ 'kombinator.yaml': '' });
    expect(state.get('a')?.resources).not.toEqual([]);
  });

  it('names registries without their passwords', async () => {
    const { state, push } = createDesiredFixture();
    const registry = 'registries: [{ host: r.example.org, username: u, password: secret://env/P }]\n';
    await push({ [at('a')]: kombination('a'), 'kombinator.yaml': registry });
    expect(state.settings().registries).toEqual([
      { host: 'r.example.org', username: 'u', password: 'secret://env/P' },
    ]);
    await push({ 'kombinator.yaml': 'registries: [{ host: https://r, username: u, password: hunter2 }]\n' });
    expect(state.diagnostics().map(({ path }) => path)).toEqual([
      'registries[0].host',
      'registries[0].password',
    ]);
    expect(JSON.stringify(state.diagnostics())).not.toContain('hunter2');
  });
});

describe('secrets', () => {
  it('are looked up at the moment of asking', async () => {
    const values: Record<string, string> = {};
    const source = createMemorySource();
    const state = createDesiredState({ source, secrets: createFixedSecrets(values), checkSchema });
    const { signal } = new AbortController();
    source.push({ [at('a')]: kombination('a', 'web: { image: nginx, env: { A: secret://file/a } }') });
    await state.load(await source.resolve(signal), signal);
    expect(codes(state, 'a')).toEqual(['SECRET_NOT_FOUND']);
    values['secret://file/a'] = 'one';
    expect(state.diagnostics()).toEqual([]);
    const hash = state.get('a')?.resources.at(-1)?.hash;
    expect(state.get('a')?.resources.at(-1)?.hash).toBe(hash);
    values['secret://file/a'] = 'two';
    expect(state.get('a')?.resources.at(-1)?.hash).not.toBe(hash);
  });
});

it('yields to others while it reads very many stacks', async () => {
  const { push } = createDesiredFixture();
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await push(
    Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [at(`s${index}`), kombination(`s${index}`)]),
    ),
  );
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
});
