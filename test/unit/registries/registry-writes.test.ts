import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { RegistryClient } from '../../../reconciler/ports/registry-client.ts';
import type { Vault } from '../../../reconciler/ports/vault.ts';
import { createKeptRegistries } from '../../../reconciler/run/registries/kept-registries.ts';
import { checkSchema, kombination } from '../../support/desired-fixtures.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeRegistryClient } from '../../support/fakes/fake-registries.ts';
import { createMemoryVault } from '../../support/fakes/memory-vault.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig } from '../../support/reconciler-rig.ts';
import { workflow } from '../../support/kubernetes/workflow-texts.ts';

const ADA = { name: 'Ada', email: 'ada@example.org' };
const NEVER = new AbortController().signal;
const LOGIN = { username: 'ada', password: 'correct-horse' };
const TEAM = { name: 'team', type: 'custom', url: 'hub.example.com', credentials: LOGIN } as const;
const SETTINGS = `# Ours
policy: { drift: alert }   # only look
registries:
  # the old one
  - { host: ghcr.io, username: bob, password: secret://env/GHCR }
`;
const STACK = { 'kombinations/web/kombination.yaml': kombination('web') };

let source: MemorySource;
let vault: Vault;
let rig: Rig;
let desired: ReturnType<typeof createDesiredState>;
let client: RegistryClient;

beforeEach(() => {
  source = createMemorySource();
  vault = createMemoryVault();
  client = fakeRegistryClient;
  const keptRegistries = createKeptRegistries(vault);
  const env = { KOMBINATOR_SECRET_GHCR: 'other' };
  const port = createSecrets({ stateDir: '/nowhere', env, vault });
  const keptRegistry = keptRegistries.settingOf;
  desired = createDesiredState({ source, secrets: port, checkSchema, keptRegistry });
  const resolveSecret = (reference: string) => port.resolve(reference);
  const registryClient: RegistryClient = {
    ...fakeRegistryClient,
    check: (...request: Parameters<RegistryClient['check']>) => client.check(...request),
    askAws: (...request: Parameters<RegistryClient['askAws']>) => client.askAws(...request),
  };
  const registries = { kept: keptRegistries, client: registryClient, resolve: resolveSecret };
  rig = createRig({ source, desired, registries });
});
afterEach(() => rig[Symbol.asyncDispose]());

async function settings(): Promise<string> {
  const { commit } = await source.resolve(NEVER);
  const change = (await source.diff(null, commit, NEVER)).find(({ path }) => path === 'kombinator.yaml');
  if (!change?.after || change.after.type === 'submodule') return '';
  return Buffer.from(await source.readBlob(change.after.blob)).toString('utf8');
}

const checked = (id: string, wanted: string) =>
  eventually(
    () => rig.reconciler.getRegistry(id).status,
    (status) => status === wanted,
  );

const passwords = () =>
  desired
    .settings()
    .registries.map(({ host, username, password }) => [host, username, password.split(':')[0]]);

describe('writes of registries', () => {
  it('are commits of the caller that keep comments, and credentials are in the vault alone', async () => {
    source.push({ ...STACK, 'kombinator.yaml': SETTINGS });
    const { id } = await rig.reconciler.addRegistry(TEAM, ADA, NEVER);
    const text = await settings();
    expect(text).toContain('# Ours\npolicy: { drift: alert }   # only look');
    expect(text).toContain('# the old one');
    expect(text).toContain(`name: team`);
    expect(text).not.toContain('correct-horse');
    expect((await source.resolve(NEVER)).author).toEqual(ADA);
    expect(vault.names('registry/')).toEqual([`registry/${id}`]);
    expect(passwords()).toEqual([
      ['hub.example.com', 'ada', 'vault'],
      ['ghcr.io', 'bob', 'secret'],
    ]);

    await rig.reconciler.chooseRegistry(id, ADA, NEVER);
    await rig.reconciler.updateRegistry(id, { name: 'people' }, ADA, NEVER);
    expect(await settings()).toMatch(/name: people[\s\S]*default: true/);
    await rig.reconciler.removeRegistry(id, ADA, NEVER);
    expect(vault.names('')).toEqual([]);
    expect(await settings()).toContain('host: ghcr.io');
    expect(await settings()).not.toContain('people');
  });

  it('make kombinator.yaml where there is none, also in a repository without stacks', async () => {
    source.push({ 'README.md': 'hello' });
    const { id } = await rig.reconciler.addRegistry(TEAM, ADA, NEVER);
    expect(rig.reconciler.listRegistries()).toMatchObject([{ id, name: 'team' }]);
    await rig.reconciler.addRegistry({ ...TEAM, name: 'second' }, ADA, NEVER);
    expect(rig.reconciler.listRegistries().map(({ name }) => name)).toEqual(['team', 'second']);
    await rig.reconciler.removeRegistry(id, ADA, NEVER);
    expect(rig.reconciler.listRegistries().map(({ name }) => name)).toEqual(['second']);
    source.push(STACK);
    await rig.reconciler.refresh(NEVER);
    expect(rig.reconciler.listRegistries().map(({ name }) => name)).toEqual(['second']);
  });

  it('that lose a race, or are no good, leave nothing behind', async () => {
    source.push({ ...STACK, 'kombinator.yaml': SETTINGS });
    await rig.reconciler.refresh(NEVER);
    const adding = rig.reconciler.addRegistry({ ...TEAM, url: 'not a host' }, ADA, NEVER);
    await expect(adding).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
    const { readBlob } = source;
    // Somebody pushes after the text was read, and before it is written.
    Object.assign(source, {
      readBlob(blob: string) {
        Object.assign(source, { readBlob });
        source.push({ 'kombinator.yaml': `${SETTINGS}# mine\n` });
        return readBlob(blob);
      },
    });
    const late = rig.reconciler.addRegistry(TEAM, ADA, NEVER);
    await expect(late).rejects.toMatchObject({ code: 'WRITE_CONFLICT' });
    expect(await settings()).toBe(`${SETTINGS}# mine\n`);
    expect(vault.names('')).toEqual([]);
  });

  it('move credentials that stood in the repository into the vault', async () => {
    source.push({ ...STACK, 'kombinator.yaml': SETTINGS });
    await rig.reconciler.refresh(NEVER);
    const [old] = rig.reconciler.listRegistries();
    await rig.reconciler.updateRegistry(old?.id ?? '', { credentials: LOGIN }, ADA, NEVER);
    expect(await settings()).not.toContain('secret://env/GHCR');
    expect(await settings()).toContain('# Ours\npolicy: { drift: alert }   # only look');
    expect(passwords()).toEqual([['ghcr.io', 'ada', 'vault']]);
    expect(rig.reconciler.listRegistries()).toMatchObject([
      { id: old?.id, type: 'ghcr', previewUrl: 'ghcr.io/ada' },
    ]);
  });
});

describe('credentials of a registry', () => {
  it('are for the address that the operator gave them for, whatever is pushed', async () => {
    source.push(STACK);
    const { id } = await rig.reconciler.addRegistry(TEAM, ADA, NEVER);
    source.push({ 'kombinator.yaml': (await settings()).replace('hub.example.com', 'evil.example.com') });
    await rig.reconciler.refresh(NEVER);
    expect(passwords()).toEqual([]);
    await expect(rig.reconciler.testRegistry(id, NEVER)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      message: expect.stringContaining('its credentials are for hub.example.com') as string,
    });
    expect(rig.reconciler.getRegistry(id)).toMatchObject({ status: 'error' });
  });

  it('are checked once they are given, and the result is kept', async () => {
    source.push(STACK);
    const { id } = await rig.reconciler.addRegistry(TEAM, ADA, NEVER);
    expect(await checked(id, 'connected')).toBe('connected');
    await rig.reconciler.updateRegistry(id, { credentials: { ...LOGIN, password: 'wrong' } }, ADA, NEVER);
    expect(await checked(id, 'error')).toBe('error');
    expect(JSON.stringify(rig.reconciler.getRegistry(id))).not.toContain('wrong');
  });

  it('reach the pull secrets of workflows, and their changes too', async () => {
    const web = '{ id: web, type: deployment, data: { name: web, image: "hub.example.com/web:1" } }';
    source.push({ 'workflows/shop.yaml': workflow([web]), 'clusters/prod.yaml': 'inCluster: true\n' });
    const { id } = await rig.reconciler.addRegistry(TEAM, ADA, NEVER);
    const pullSecret = () => {
      const found = desired.get('shop')?.resources.find(({ kind }) => kind === 'Secret')?.spec['data'];
      const value: unknown = Object.values(Object(found) as object)[0];
      return value instanceof Secret ? value.reveal() : '';
    };
    expect(pullSecret()).toContain('correct-horse');
    await rig.reconciler.updateRegistry(
      id,
      { credentials: { ...LOGIN, password: 'battery-staple' } },
      ADA,
      NEVER,
    );
    expect(pullSecret()).toContain('battery-staple');
    await rig.reconciler.removeRegistry(id, ADA, NEVER);
    expect(pullSecret()).toBe('');
  });

  it('cannot be named by a document', async () => {
    const { id } = await (source.push(STACK), rig.reconciler.addRegistry(TEAM, ADA, NEVER));
    for (const reference of [`vault:registry/${id}#password`, `secret://vault/registry/${id}#password`]) {
      const text = kombination('spy', 'web:', '  image: nginx:1.29', `  env: { A: "${reference}" }`);
      source.push({ 'kombinations/spy/kombination.yaml': text });
      await rig.reconciler.refresh(NEVER);
      const env = JSON.stringify(desired.get('spy')?.resources.map(({ spec }) => spec['env'] ?? null) ?? []);
      expect(env).not.toContain('***');
      expect(env).not.toContain('correct-horse');
    }
  });

  it('of AWS are a password that is asked for, and asked for again before it ends', async () => {
    source.push(STACK);
    let asked = 0;
    client = {
      ...fakeRegistryClient,
      askAws: () => {
        asked += 1;
        const password = new Secret('correct-horse', 'aws');
        return Promise.resolve({ username: 'AWS', password, expiresAt: 0 });
      },
    };
    const credentials = { accessKeyId: 'A', secretAccessKey: 'B', region: 'eu-west-1' };
    const url = '1.dkr.ecr.eu-west-1.amazonaws.com';
    const { id } = await rig.reconciler.addRegistry(
      { name: 'aws', type: 'ecr', url, credentials },
      ADA,
      NEVER,
    );
    expect(await checked(id, 'connected')).toBe('connected');
    expect(passwords()).toEqual([[url, 'AWS', 'vault']]);
    expect(asked).toBe(1);
  });
});
