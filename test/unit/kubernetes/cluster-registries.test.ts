import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ObjectSpec } from '../../../reconciler/model/kubernetes/kubernetes-object.ts';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import { maskSpec, Secret } from '../../../reconciler/model/secret.ts';
import { asFields, asList } from '../../../reconciler/base/values.ts';
import { CLUSTER, NODE, podOf, WEB } from '../../support/kubernetes/cluster-description.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';
import { workflow } from '../../support/kubernetes/workflow-texts.ts';

const SETTINGS = `registries:
  - { host: r.example.org, username: ci, password: secret://env/R }
  - { host: "other.example.org:5000", username: other, password: secret://env/OTHER }
  - { host: docker.io, username: hub, password: secret://env/HUB }
`;
const PASSWORDS: Record<string, string> = {
  'secret://env/R': 'hunter2',
  'secret://env/OTHER': 'o',
  'secret://env/HUB': 'h',
};
const PRIVATE = 'image: "r.example.org/team/app:1"';
const FILE = 'kombinations/shop/kombination.yaml';
const FLOW = 'workflows/flow.yaml';

function textOf(services: Readonly<Record<string, string>>, nodes = NODE, more = ''): string {
  const lines = Object.entries(services).map(([name, text]) => `  ${name}: { ${text} }\n`);
  return `version: "1.0"\nmeta: { name: shop }\nnodes: [${nodes}]\nservices:\n${lines.join('')}${more}`;
}

async function load(text: string, { passwords = PASSWORDS, settings = SETTINGS } = {}) {
  const secrets = { ...passwords };
  const { state, push } = createDesiredFixture({ secrets });
  await push({ ...CLUSTER, 'kombinator.yaml': settings, [text.startsWith('name:') ? FLOW : FILE]: text });
  const found = () => briefDiagnostics(state.diagnostics()).map((line) => line.replace(/^\S+ /, ''));
  return { state, push, secrets, found, resources: () => state.get('shop')?.resources ?? [] };
}

const specOf = ({ spec }: DesiredResource) => spec as ObjectSpec;
const find = (resources: readonly DesiredResource[], kind: string, name: string) =>
  resources.find((one) => one.kind === kind && one.name === name);

/** Addresses with the user and the password for them. */
function authsOf(object: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, string>> {
  const value = asFields(object?.['data'])?.['.dockerconfigjson'];
  if (!(value instanceof Secret)) throw new Error('there is no configuration, or it is in clear');
  const { auths } = JSON.parse(value.reveal()) as { auths: Record<string, Record<string, string>> };
  return Object.fromEntries(
    Object.entries(auths).map(([host, { username, password, auth }]) => {
      expect(Buffer.from(auth ?? '', 'base64').toString()).toBe(`${username}:${password}`);
      return [host, `${username}:${password}`];
    }),
  );
}

const pulledWith = (object: ObjectSpec) =>
  (asList(podOf(object)['imagePullSecrets']) ?? []).map((one) => asFields(one)?.['name']);

describe('the credentials of registries on a cluster', () => {
  it.each([
    { image: 'r.example.org/team/app:1', auths: { 'r.example.org': 'ci:hunter2' } },
    { image: 'R.example.org/app', auths: { 'R.example.org': 'ci:hunter2' } },
    { image: 'other.example.org:5000/app', auths: { 'other.example.org:5000': 'other:o' } },
    { image: 'nginx:1.29', auths: { 'https://index.docker.io/v1/': 'hub:h' } },
    { image: 'docker.io/team/app', auths: { 'https://index.docker.io/v1/': 'hub:h' } },
    { image: 'registry-1.docker.io/team/app', auths: { 'registry-1.docker.io': 'hub:h' } },
  ])('for $image are those that its nodes look for', async ({ image, auths }) => {
    const { resources, found } = await load(textOf({ web: `image: "${image}"` }));
    expect(found()).toEqual([]);
    const secret = find(resources(), 'Secret', 'shop/shop-registries');
    expect(secret?.spec).toMatchObject({ type: 'kubernetes.io/dockerconfigjson' });
    expect(authsOf(secret?.spec)).toEqual(auths);
  });

  it('are named by the pods that need them, beside those of the node, and there before them', async () => {
    const services = {
      web: PRIVATE,
      data: `${PRIVATE}, volumes: ["data:/data"]`,
      once: `${PRIVATE}, restart: "no"`,
      open: 'image: "quay.io/team/app:1"',
    };
    const nodes = '{ name: prod, type: kubernetes, pullSecrets: [mine, shop-registries] }';
    const { resources, found } = await load(textOf(services, nodes, 'volumes: { data: {} }\n'));
    expect(found()).toEqual([]);
    const secret = find(resources(), 'Secret', 'shop/shop-registries');
    expect(Object.keys(authsOf(secret?.spec))).toEqual(['r.example.org']);
    for (const [kind, name] of [
      ['Deployment', 'web'],
      ['StatefulSet', 'data'],
      ['Job', 'once'],
    ] as const) {
      const workload = find(resources(), kind, `shop/${name}`)!;
      expect(pulledWith(specOf(workload)), name).toEqual(['mine', 'shop-registries']);
      expect(workload.dependsOn).toContainEqual({ id: secret?.id, until: 'applied' });
    }
    const open = find(resources(), 'Deployment', 'shop/open')!;
    expect(open.dependsOn.map(({ id }) => id)).not.toContain(secret?.id);
  });

  it('are made for no pod that does not need them, and then no password is asked for', async () => {
    const settings = SETTINGS.replace(/.*docker\.io.*\n/, '');
    const machine = '{ name: local, connection: { host: localhost } }';
    const text = textOf({ web: WEB, old: `${PRIVATE}, node: local` }, `${NODE}, ${machine}`);
    const { resources, found } = await load(text, { settings, passwords: {} });
    expect(found()).toEqual([]);
    expect(find(resources(), 'Secret', 'shop/shop-registries')).toBeUndefined();
    expect(pulledWith(specOf(find(resources(), 'Deployment', 'shop/web')!))).toEqual([]);
  });

  it('are shown nowhere', async () => {
    const hooks = `hooks: { pre_deploy: [{ name: try, service: web, command: "true" }] }\n`;
    const { state } = await load(textOf({ web: PRIVATE }, NODE, hooks));
    const stack = state.get('shop');
    const all = [...(stack?.resources ?? []), ...(stack?.hooks ?? []).map(({ resource }) => resource)];
    const masked = JSON.stringify(all.map(({ spec }) => maskSpec(spec)));
    const coded = Buffer.from('ci:hunter2').toString('base64');
    for (const text of [masked, JSON.stringify(stack), inspect(stack, { depth: null })]) {
      expect(text).not.toContain('hunter2');
      expect(text).not.toContain(coded);
    }
    expect(masked).toContain('".dockerconfigjson":"***"');
  });

  it('change nothing but the Secret with a new password', async () => {
    const { resources, secrets } = await load(textOf({ web: `${PRIVATE}, env: { A: secret://env/HUB }` }));
    const hashes = () => new Map(resources().map(({ id, hash }) => [id, hash]));
    const before = hashes();
    secrets['secret://env/R'] = 'battery-staple';
    const after = hashes();
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect([...after].filter(([id, hash]) => before.get(id) !== hash).map(([id]) => id)).toEqual([
      'prod/Secret/shop/shop-registries',
    ]);
  });

  it('that cannot be had are an error at the image, until they can', async () => {
    const text = textOf({ web: PRIVATE, api: PRIVATE });
    const { state, found, resources, secrets } = await load(text, { passwords: {} });
    expect(found()).toEqual([
      'error SECRET_NOT_FOUND services.web.image',
      'error SECRET_NOT_FOUND services.api.image',
    ]);
    expect(state.diagnostics()[0]).toMatchObject({
      file: FILE,
      message: 'there is no secret secret://env/R, the password of the registry r.example.org',
      hint: 'set KOMBINATOR_SECRET_R for the daemon',
    });
    expect(state.check(text).diagnostics.map(({ code }) => code)).toContain('SECRET_NOT_FOUND');
    expect(resources()).toEqual([]);
    secrets['secret://env/R'] = 'hunter2';
    expect(found()).toEqual([]);
    expect(find(resources(), 'Secret', 'shop/shop-registries')).toBeDefined();
  });

  it('follow kombinator.yaml', async () => {
    const { resources, push } = await load(textOf({ web: PRIVATE }), { settings: 'policy: {}\n' });
    expect(find(resources(), 'Secret', 'shop/shop-registries')).toBeUndefined();
    expect(await push({ 'kombinator.yaml': SETTINGS })).toEqual({ changed: ['shop'], removed: [] });
    expect(find(resources(), 'Secret', 'shop/shop-registries')).toBeDefined();
  });

  it('come with the job of a hook, which may run before there is anything of the stack', async () => {
    const more = `hooks: { pre_deploy: [{ name: try, image: "r.example.org/tools:1", node: prod, command: "true" }] }\n`;
    const { state, found } = await load(textOf({ web: 'image: "quay.io/team/app:1"' }, NODE, more));
    expect(found()).toEqual([]);
    const stack = state.get('shop');
    expect(find(stack?.resources ?? [], 'Secret', 'shop/shop-registries')).toBeUndefined();
    const items = asList(stack?.hooks[0]?.resource.spec['items']) ?? [];
    const [job, secret] = items.map((item) => item as ObjectSpec);
    const name = 'shop-hook-pre-deploy-try-registries';
    expect(pulledWith(job!)).toEqual([name]);
    expect(secret?.metadata).toMatchObject({ name, namespace: 'shop' });
    expect(authsOf(secret)).toEqual({ 'r.example.org': 'ci:hunter2' });
  });
});

describe('the credentials of registries of a workflow', () => {
  const web = (id: string, more: string) =>
    `{ id: ${id}, type: deployment, data: { name: ${id}, image: "r.example.org/app:1"${more} } }`;
  const nodes = [
    web('a', ', imagePullSecrets: [mine]'),
    web('b', ', namespace: back'),
    '{ id: c, type: cronjob, data: { name: c, image: "other.example.org:5000/app:1" } }',
    '{ id: d, type: deployment, data: { name: d, image: "quay.io/app:1" } }',
  ];

  it('are a Secret in each namespace, with what is used there', async () => {
    const { resources, found } = await load(workflow(nodes));
    expect(found()).toEqual([]);
    const secrets = resources().filter(({ kind }) => kind === 'Secret');
    expect(secrets.map(({ name, spec }) => [name, Object.keys(authsOf(spec))])).toEqual([
      ['back/shop-registries', ['r.example.org']],
      ['default/shop-registries', ['other.example.org:5000', 'r.example.org']],
    ]);
    const a = find(resources(), 'Deployment', 'default/a')!;
    expect(pulledWith(specOf(a))).toEqual(['mine', 'shop-registries']);
    expect(a.dependsOn).toEqual([{ id: secrets[1]?.id, until: 'applied' }]);
    expect(secrets[0]?.dependsOn).toEqual([{ id: 'prod/Namespace/back', until: 'applied' }]);
    expect(pulledWith(specOf(find(resources(), 'Deployment', 'default/d')!))).toEqual([]);
  });

  it('are left to the workflow that describes a Secret of the name', async () => {
    const own =
      '{ id: s, type: manifest, data: { manifest: { apiVersion: v1, kind: Secret, metadata: { name: shop-registries }, type: Opaque } } }';
    const { resources } = await load(workflow([web('a', ''), own]));
    const secrets = resources().filter(({ kind }) => kind === 'Secret');
    expect(secrets.map(({ spec }) => spec['type'])).toEqual(['Opaque']);
  });

  it('are wanted when it is published', async () => {
    const { found, push } = await load(workflow([web('a', '')]), { passwords: {} });
    expect(found()).toEqual(['error SECRET_NOT_FOUND nodes[0].data.image']);
    await push({ [FLOW]: workflow([web('a', '')]).replace('published', 'draft') });
    expect(found()).toEqual([]);
  });
});
