import { expect, it } from 'vitest';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const KIT = `name: own
version: "1"
description: Ours.
extends: base-kit
aliases: [former]
services:
  notes:
    description: Notes.
    needs: [postgres]
    service: { image: "ghcr.io/example/notes:1", route: { port: 8080 } }
    settings:
      title: { description: Its title., type: string, service: { env: { TITLE: "{{value}}" } } }
`;

function stack(name: string, kit: string, services = '[postgres, { name: notes, route: false }]'): string {
  return `version: "1.0"\nstackkit: ${kit}\nmeta: { name: ${name}, domain: a.org }\nservices: ${services}\n`;
}

it('draws services from a kit of the repository', async () => {
  const { state, push } = createDesiredFixture();
  await push({
    'stackkits/own/stackkit.yaml': KIT,
    'a/kombination.yaml': stack('a', 'own', '{ traefik: , notes: { config: { title: T } } }'),
  });
  expect(briefDiagnostics(state.diagnostics())).toEqual(['4:24 warning IMPLIED_SERVICE services.notes']);
  const notes = state.get('a')?.resources.find(({ id }) => id === 'local/container/notes');
  expect(notes && maskSpec(notes.spec)).toMatchObject({
    image: 'ghcr.io/example/notes:1',
    env: { TITLE: 'T' },
  });
});

it('looks again at exactly the stacks that use a changed kit', async () => {
  const { push } = createDesiredFixture();
  const base = {
    'stackkits/own/stackkit.yaml': KIT,
    'stackkits/further/stackkit.yaml': 'name: further\nversion: "1"\ndescription: More.\nextends: own\n',
    'a/kombination.yaml': stack('a', 'own'),
    'b/kombination.yaml': stack('b', 'base-kit', '[postgres]'),
    'c/kombination.yaml': stack('c', 'further'),
    'd/kombination.yaml': stack('d', 'former'),
  };
  await push(base);
  expect(await push({ 'stackkits/own/stackkit.yaml': KIT.replace('notes:1', 'notes:2') })).toMatchObject({
    changed: ['a', 'c', 'd'],
  });
  expect(await push({ 'stackkits/own/README.md': 'x' })).toMatchObject({ changed: [] });
  expect(
    await push({
      'stackkits/base-kit/stackkit.yaml':
        'name: base-kit\nversion: "2"\ndescription: Ours.\nextends: base-kit\n',
    }),
  ).toMatchObject({ changed: ['a', 'b', 'c', 'd'] });
});

it('may put a service of its own in the place of one that comes along', async () => {
  const { state, push } = createDesiredFixture();
  const kit =
    'name: base-kit\nversion: "2"\ndescription: Ours.\nextends: base-kit\nservices:\n  whoami: { description: Ours., service: { image: "example/whoami:9" } }\n';
  await push({
    'stackkits/base-kit/stackkit.yaml': kit,
    'a/kombination.yaml': stack('a', 'base-kit', '[whoami]'),
  });
  expect(state.diagnostics()).toEqual([]);
  expect(state.get('a')?.services).toMatchObject([{ name: 'whoami', image: 'example/whoami:9' }]);
  await push({ 'stackkits/base-kit/stackkit.yaml': null });
  expect(state.get('a')?.services).toMatchObject([
    { name: 'traefik' },
    { name: 'whoami', image: 'traefik/whoami:latest' },
  ]);
});

it('tells a stack about a kit that comes later', async () => {
  const { state, push } = createDesiredFixture();
  await push({ 'a/kombination.yaml': stack('a', 'own') });
  expect(briefDiagnostics(state.diagnostics())).toEqual(['2:11 error UNKNOWN_KIT stackkit']);
  expect(await push({ 'stackkits/own/stackkit.yaml': KIT })).toMatchObject({ changed: ['a'] });
  expect(state.diagnostics()).toEqual([]);
});

it.each([
  { when: 'a key is unknown', kit: `${KIT}servces: {}\n`, want: '13:1 error UNKNOWN_KEY servces' },
  {
    when: 'its name is another',
    kit: KIT.replace('name: own', 'name: other'),
    want: '1:7 error INVALID_VALUE name',
  },
  {
    when: 'it extends nothing',
    kit: KIT.replace('base-kit', 'bse-kit'),
    want: '4:10 error UNKNOWN_KIT extends',
  },
  { when: 'it extends itself', kit: KIT.replace('base-kit', 'own'), want: '4:10 error UNKNOWN_KIT extends' },
  {
    when: 'a service needs nobody',
    kit: KIT.replace('[postgres]', '[postgers]'),
    want: '9:13 error UNKNOWN_SERVICE services.notes.needs[0]',
  },
  {
    when: 'a definition is wrong',
    kit: KIT.replace('notes:1', 'Notes:1'),
    want: '10:23 error INVALID_FORMAT services.notes.service.image',
  },
  {
    when: 'a key of a definition is',
    kit: KIT.replace('image:', 'imgae: x, image:'),
    want: '10:16 error UNKNOWN_KEY services.notes.service.imgae',
  },
  {
    when: 'nothing is filled in',
    kit: KIT.replace('{{value}}', '{{valeu}}'),
    want: '12:80 error INVALID_VALUE services.notes.settings.title.service.env.TITLE',
  },
  { when: 'it is no YAML', kit: 'name: [', want: '1:8 error YAML_SYNTAX ' },
])('is refused, with its stacks, when $when', async ({ kit, want }) => {
  const { state, push } = createDesiredFixture();
  await push({ 'stackkits/own/stackkit.yaml': kit, 'a/kombination.yaml': stack('a', 'own') });
  const [found, ...others] = briefDiagnostics(
    state
      .diagnostics()
      .toSorted((a, b) => Number(b.file?.startsWith('stackkits')) - Number(a.file?.startsWith('stackkits'))),
  );
  expect(found).toBe(want);
  expect(others.at(-1)).toBe('2:11 error INVALID_KIT stackkit');
});

it('does not follow a kit out of the repository', async () => {
  const { state, source, load } = createDesiredFixture();
  source.pushWrites([
    {
      path: 'stackkits/own/stackkit.yaml',
      content: new TextEncoder().encode('../../../etc/passwd'),
      type: 'symlink',
    },
    { path: 'a/kombination.yaml', content: new TextEncoder().encode(stack('a', 'own')), type: 'file' },
  ]);
  await load();
  expect(state.diagnostics().map(({ code }) => code)).toEqual(['INVALID_KIT', 'PATH_OUTSIDE_REPOSITORY']);
});

it('checks a kit before it is committed, together with the kits that are', async () => {
  const { state, push } = createDesiredFixture();
  await push({ 'stackkits/own/stackkit.yaml': KIT, 'a/kombination.yaml': stack('a', 'own') });
  const more = 'name: more\nversion: "1"\ndescription: More.\nextends: own\n';
  const check = (text: string, file = '/home/me/config/stackkits/more/stackkit.yaml') =>
    briefDiagnostics(state.check(text, file).diagnostics);
  expect(check(more)).toEqual([]);
  expect(check(more.replace('own', 'onw'))).toEqual(['4:10 error UNKNOWN_KIT extends']);
  expect(check(`${more}addons: { x: { description: d, services: [nots] } }\n`)).toEqual([
    '5:43 error UNKNOWN_SERVICE addons.x.services[0]',
  ]);
  expect(check(`${more}services: { x: { description: d, service: { image: a, env_file: e } } }\n`)).toEqual([
    '5:55 error UNSUPPORTED_KEY services.x.service.env_file',
  ]);
  expect(check(more, 'other/stackkit.yml')).toEqual(['1:7 error INVALID_VALUE name']);
});

it.each([
  ['nodes/a.yaml', 'connection: { hots: a }\n', '1:15 error UNKNOWN_KEY connection.hots'],
  ['kombinator.yaml', 'policy: { prune: perhaps }\n', '1:18 error INVALID_VALUE policy.prune'],
  ['docker-compose.prod.yml', 'services: {}\n', '1:1 error INVALID_FORMAT '],
  ['workflows/a.yaml', 'nodes: []\n', '1:1 error REQUIRED name'],
  ['a/kombination.yaml', 'version: "1.0"\nmeta: { name: a }\n', '1:1 error REQUIRED services'],
])('checks %s as what it is', (file, text, want) => {
  const { state } = createDesiredFixture();
  expect(briefDiagnostics(state.check(text, `/srv/config/${file}`).diagnostics)).toContain(want);
});

it('lets the author take back what a kit turns on', async () => {
  const { state, push } = createDesiredFixture();
  const flags = (value: boolean) =>
    ['privileged', 'tty', 'stdin_open', 'read_only', 'oom_kill_disable']
      .map((key) => `${key}: ${value}`)
      .join(', ');
  await push({
    'stackkits/own/stackkit.yaml': `name: own\nversion: "1"\ndescription: Ours.\nservices:\n  app: { description: Ours., service: { image: "a:1", ${flags(true)} } }\n`,
    'a/kombination.yaml': stack('a', 'own', '[app]'),
    'b/kombination.yaml': stack('b', 'own', `[{ name: app, ${flags(false)} }]`),
  });
  expect(state.diagnostics()).toEqual([]);
  const specOf = (name: string) => state.get(name)?.resources.find(({ kind }) => kind === 'container')?.spec;
  const said = { privileged: true, tty: true, stdinOpen: true, readOnly: true, oomKillDisable: true };
  expect(specOf('a')).toMatchObject(said);
  expect(Object.keys(specOf('b') ?? {}).filter((key) => Object.hasOwn(said, key))).toEqual([]);
});
