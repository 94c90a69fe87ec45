import { describe, expect, it } from 'vitest';
import type { DesiredState } from '../../../reconciler/ports/desired.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { file } from '../../support/reconciler-rig.ts';

const kit = (name: string, services: string, more = '') =>
  `version: "1.0"\nstackkit: base-kit\nmeta: { name: ${name}, domain: example.org }\nservices: ${services}\n${more}`;
const media = { [file('media')]: kit('media', '[jellyfin]') };
const monitor = { [file('monitor')]: kit('monitor', '[uptime-kuma]') };

const containers = (state: DesiredState, name: string) =>
  (state.get(name)?.resources ?? []).filter(({ kind }) => kind === 'container').map((one) => one.name);
const findings = (state: DesiredState) =>
  state.diagnostics().map(({ code, file: path, message, hint }) => [code, path, message, hint]);
const errors = (state: DesiredState) =>
  state.diagnostics().flatMap(({ severity, message }) => (severity === 'error' ? [message] : []));

describe('the proxy of stacks on one host', () => {
  it('is brought by the first that needs one, and all others route through it', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...media, ...monitor });
    expect(containers(state, 'media')).toEqual(['traefik', 'jellyfin']);
    expect(containers(state, 'monitor')).toEqual(['uptime-kuma']);
    const resources = state.get('monitor')?.resources ?? [];
    expect(resources.find(({ name }) => name === 'media_proxy')).toMatchObject({
      kind: 'network',
      spec: { name: 'media_proxy', external: true },
      maker: 'media',
    });
    expect(resources.find(({ kind }) => kind === 'container')?.spec).toMatchObject({
      labels: { 'traefik.enable': 'true', 'traefik.docker.network': 'media_proxy' },
      networks: { media_proxy: { aliases: ['uptime-kuma'] } },
    });
    expect(state.get('monitor')?.dependsOn).toEqual(['media']);
    expect(state.dependantsOf('media')).toEqual(['monitor']);
    expect(findings(state)).toEqual([
      [
        'IMPLIED_SERVICE',
        file('media'),
        'jellyfin needs traefik, which is not listed; it is added',
        'list traefik, or set route: false',
      ],
      [
        'IMPLIED_SERVICE',
        file('monitor'),
        'uptime-kuma needs traefik, which is not listed; that of the stack media is used',
        'list traefik in media, or in a stack of its own, so that it stays there',
      ],
    ]);
  });

  it('looks for containers of all of them, on the network that it shares with them', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...media, ...monitor });
    const proxy = state.get('media')?.resources.find(({ id }) => id === 'local/container/traefik');
    expect(proxy?.spec['command']).toContain(
      '--providers.docker.constraints=Label(`com.docker.compose.project`,`media`) || Label(`traefik.docker.network`,`media_proxy`)',
    );
  });

  it('is that of the stack that lists it, without a word, and moves there', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...media, ...monitor });
    const proxy = kit('proxy', '{ traefik: { config: { dashboard: false } } }');
    const { changed } = await push({ [file('proxy')]: proxy });
    expect(changed).toEqual(['media', 'monitor', 'proxy']);
    expect(findings(state)).toEqual([]);
    expect(['media', 'monitor', 'proxy'].map((name) => containers(state, name))).toEqual([
      ['jellyfin'],
      ['uptime-kuma'],
      ['traefik'],
    ]);
    expect(state.get('proxy')?.resources.map(({ id }) => id)).toContain('local/network/proxy');
    expect(state.get('media')?.dependsOn).toEqual(['proxy']);
    const gone = await push({ [file('proxy')]: null });
    expect([gone.changed, gone.removed]).toEqual([['media', 'monitor'], ['proxy']]);
    expect(containers(state, 'media')).toEqual(['traefik', 'jellyfin']);
  });

  it('stays where it is while the file of its stack has a mistake', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [file('proxy')]: kit('proxy', '[traefik]'), ...media });
    await push({ [file('proxy')]: 'version: "1.0"\nmeta: { name: proxy\n' });
    expect(containers(state, 'media')).toEqual(['jellyfin']);
    expect(state.get('media')?.dependsOn).toEqual(['proxy']);
  });

  it.each([
    {
      when: 'one has ports of its own',
      files: {
        [file('a')]: kit('a', '{ traefik: { config: { ports: { http: 81, https: 444 } } }, whoami: }'),
      },
    },
    {
      when: 'one brings an image of its own',
      files: {
        [file('a')]: kit('a', '{ traefik: { image: "traefik:2", ports: ["81:80"] }, whoami: }'),
      },
    },
    {
      when: 'one is on another node',
      files: {
        [file('a')]: kit(
          'a',
          '[traefik, whoami]',
          'nodes: [{ name: far, connection: { host: far.example.org, user: root } }]\n',
        ),
      },
    },
  ])('is one of its own where $when', async ({ files }) => {
    const { state, push } = createDesiredFixture();
    await push({ ...files, ...media });
    expect(errors(state)).toEqual([]);
    expect(containers(state, 'a')).toEqual(['traefik', 'whoami']);
    expect(containers(state, 'media')).toEqual(['traefik', 'jellyfin']);
    expect(state.get('media')?.dependsOn).toEqual([]);
  });

  it('is not brought by a stack that says so, which is told where no other has one', async () => {
    const { state, push } = createDesiredFixture();
    const without = { [file('a')]: kit('a', '{ traefik: { enabled: false }, whoami: }') };
    await push(without);
    expect(errors(state)).toEqual(['whoami is reached through traefik, which is disabled']);
    await push(media);
    expect(errors(state)).toEqual([]);
    expect(containers(state, 'a')).toEqual(['whoami']);
  });

  it('has its certificates from its own stack, which is told to another one that has a say in them', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      ...media,
      [file('monitor')]: kit('monitor', '[uptime-kuma]', 'ssl: { provider: selfsigned }\n'),
    });
    expect(findings(state).at(-1)).toEqual([
      'NOT_APPLIED',
      file('monitor'),
      'ssl is not applied: routes lead through the proxy of media',
      'say it in media',
    ]);
  });

  it('is found for a text that is only checked', async () => {
    const { state, push } = createDesiredFixture();
    await push(media);
    expect(state.check(kit('monitor', '[uptime-kuma]')).services).toEqual(['uptime-kuma']);
  });
});

describe('networks and volumes that another stack makes', () => {
  const own = (name: string, networks: string, more = '') =>
    `version: "1.0"\nmeta: { name: ${name} }\nservices: { web: { image: a, networks: [n]${more} } }\nnetworks: { n: ${networks} }\n`;

  it('bring their stacks into an order', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [file('a')]: own('a', '{ external: true, name: z_n }'), [file('z')]: own('z', '{}') });
    expect(state.get('a')?.dependsOn).toEqual(['z']);
    const { changed } = await push({ [file('z')]: own('z', '{ name: other }') });
    expect(changed).toEqual(['a', 'z']);
    expect(state.get('a')?.dependsOn).toEqual([]);
    await push({ [file('z')]: own('z', '{ name: z_n }') });
    expect(state.get('a')?.dependsOn).toEqual(['z']);
    await push({ [file('a')]: null });
    expect([state.dependantsOf('z'), state.formerDependencies('a')]).toEqual([['a'], ['z']]);
  });

  it('bring no order into circles, which may run already', async () => {
    const { state, push } = createDesiredFixture();
    const volumes = (v: string) => `volumes: { v: ${v} }\n`;
    const mount = ', volumes: ["v:/v"]';
    await push({
      [file('a')]: own('a', '{ external: true, name: b_n }', mount) + volumes('{}'),
      [file('b')]: own('b', '{}', mount) + volumes('{ external: true, name: a_v }'),
      [file('c')]: own('c', '{ external: true, name: b_n }'),
    });
    expect(['a', 'b', 'c'].map((name) => state.get(name)?.dependsOn)).toEqual([[], [], ['b']]);
    expect(errors(state)).toEqual([]);
  });
});
