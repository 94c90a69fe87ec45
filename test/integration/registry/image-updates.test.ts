import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createRegistryClient } from '../../../reconciler/adapters/registries/client.ts';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { createKeptRegistries } from '../../../reconciler/run/registries/kept-registries.ts';
import type { RegistryServer } from '../../support/docker/registry-server.ts';
import { startRegistry } from '../../support/docker/registry-server.ts';
import { eventually } from '../../support/eventually.ts';
import { createMemoryVault } from '../../support/fakes/memory-vault.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { createRig, file } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Pushes an image of nothing but its label, as the distribution specification has it; answers its digest. */
async function push(registry: RegistryServer, name: string, tag: string): Promise<string> {
  const { host, username, password } = registry;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const api = `http://${host}/v2/${name}`;
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: { tag } } });
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const begun = await fetch(`${api}/blobs/uploads/`, { method: 'POST', headers: { authorization } });
  const place = new URL(begun.headers.get('location') ?? '', api);
  place.searchParams.set('digest', digest);
  await fetch(place, { method: 'PUT', headers: { authorization }, body: config });
  const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: TYPE, config: descriptor, layers: [] });
  const headers = { authorization, 'content-type': TYPE };
  const put = await fetch(`${api}/manifests/${tag}`, { method: 'PUT', headers, body: manifest });
  if (put.status !== 201) throw new Error(`${put.status} ${await put.text()}`);
  return `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
}

it('a daemon writes what a registry has by now into the descriptions', async () => {
  await using registry = await startRegistry();
  const { host, username, password } = registry;
  for (const tag of ['1.0.0', '1.2.0', '1.10.0', '2.0.0']) await push(registry, 'team/app', tag);
  const source = createMemorySource();
  const reference = 'secret://env/REGISTRY';
  const resolve = (asked: string) => {
    if (asked === reference) return new Secret(password, reference);
    throw new ReconcilerError('SECRET_NOT_FOUND', `there is no ${asked}`);
  };
  const registries = {
    kept: createKeptRegistries(createMemoryVault()),
    client: createRegistryClient(),
    resolve,
  };
  await using rig = createRig({ source, registries, secrets: { [reference]: password } });
  const service = (image: string, rule: string) =>
    `{ image: "${host}/team/app:${image}", image_update: ${rule} }`;
  const first = source.push({
    'kombinator.yaml': `image_updates: { schedule: "* * * * *" }\nregistries: [{ host: "${host}", username: ${username}, password: "${reference}" }]\n`,
    [file('shop')]: `version: "1.0"
meta: { name: shop }
policy: { sync: manual }
services:
  web: ${service('1.0.0', '{ policy: semver, range: "^1" }')}
  held: ${service('2.0.0', '{ policy: digest }')}
`,
  });
  await rig.reconciler.start();
  const textOf = async (commit: string) => {
    const change = (await source.diff(null, commit, NEVER)).find(({ path }) => path === file('shop'));
    return Buffer.from(await source.readBlob(change?.after?.blob ?? '')).toString('utf8');
  };
  const moves = (from: string) =>
    eventually(
      () => source.lookup('main'),
      ({ commit }) => commit !== from,
    );

  const second = await moves(first);
  expect(second.subject).toBe('Update the images of 2 services');
  expect(await textOf(second.commit)).toContain(`${host}/team/app:1.10.0`);
  expect(await textOf(second.commit)).toMatch(/team\/app:2\.0\.0@sha256:[0-9a-f]{64}/);

  const digest = await push(registry, 'team/app', '1.11.0');
  const third = await moves(second.commit);
  expect(third.subject).toBe('Update the image of shop/web');
  expect(await textOf(third.commit)).toContain(`${host}/team/app:1.11.0`);
  const question = { image: `${host}/team/app`, login: { username, password: resolve(reference) } };
  const pace = () => Promise.resolve();
  expect(await registries.client.digestOf({ ...question, pace, tag: '1.11.0' }, NEVER)).toBe(digest);
});
