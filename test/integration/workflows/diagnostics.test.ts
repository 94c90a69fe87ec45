import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { createDiagnosticsOperations } from '../../../reconciler/run/operations/diagnostics.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, startApiServer } from '../../support/api/api-server.ts';
import type { FakeInventory } from '../../support/fakes/fake-inventory.ts';
import { buildObject, createFakeInventory } from '../../support/fakes/fake-inventory.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const SHOP = '0123456789abcdef01234567';
const PATH = 'workflows/shop.yaml';
const TEXT = `name: shop
id: ${SHOP}
cluster: prod
namespace: shop
nodes:
  # leads to nowhere
  - id: s
    type: service
    data:
      name: web
      port: 80
      selector: { app: wbe }
  - id: w
    type: deployment
    data: { name: web, image: nginx, port: 8080 }
edges:
  - { source: s, target: w }
`;
const SERVICE = buildObject({ kind: 'Service', name: 'web', facts: { serviceType: 'ClusterIP' } });
const POD = buildObject({
  labels: { app: 'web' },
  facts: { containers: [{ name: 'web', ready: true, ports: [{ containerPort: 8080, protocol: 'TCP' }] }] },
});

let rig: Rig;
let fake: FakeInventory;
let server: ApiServer;
beforeEach(async () => {
  rig = createRig();
  fake = createFakeInventory();
  const { reconciler } = rig;
  await push({
    [file('other')]: stack('other', { web: 'image: nginx' }),
    'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n',
    [PATH]: TEXT,
  });
  const parts = { stacks: reconciler, writes: reconciler, inventory: fake.inventory };
  server = await startApiServer({ reconciler: { ...reconciler, ...createDiagnosticsOperations(parts) } });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await fake.inventory[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

async function push(files: Readonly<Record<string, string>>): Promise<void> {
  rig.source.push(files);
  await rig.reconciler.refresh(NEVER);
}

async function ask(method: string, path: string, body?: object, role: Role = 'deployer') {
  const init = body === undefined ? { method } : json(method, body);
  const response = await server.request(`/v1/api/workflows/${SHOP}/nodes${path}`, { ...init, role });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

async function textOf(path: string): Promise<string> {
  const found = (await rig.source.diff(null, (await rig.source.resolve(NEVER)).commit, NEVER)).find(
    (one) => one.path === path,
  )?.after;
  return new TextDecoder().decode(await rig.source.readBlob(found?.blob ?? ''));
}

describe('a service node', () => {
  it('is diagnosed from what is watched', async () => {
    fake.tell('prod', [SERVICE, POD]);
    const { status, body } = await ask('GET', '/s/diagnostics', undefined, 'viewer');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      overallStatus: 'error',
      serviceName: 'web',
      namespace: 'shop',
      checks: [
        { name: 'service-exists', status: 'pass', autoFixable: false },
        { name: 'endpoints-exist', status: 'error' },
        { name: 'selector-match', status: 'error', autoFixable: true, fixType: 'selector-fix' },
        { name: 'pods-ready', status: 'error' },
        { name: 'port-config', status: 'warning' },
      ],
    });
    expect(fake.asked).toEqual(['prod']);
    await ask('GET', '/s/diagnostics');
    expect(fake.asked).toEqual(['prod']);
  });

  it('sees objects of its own stack only', async () => {
    fake.tell('prod', [{ ...SERVICE, stack: 'other' }, POD]);
    expect((await ask('GET', '/s/diagnostics')).body).toMatchObject({
      overallStatus: 'error',
      checks: [{ name: 'service-exists', status: 'error' }],
    });
  });

  it('of a cluster that does not answer cannot be diagnosed', async () => {
    fake.tell('prod', [SERVICE, POD]);
    await ask('GET', '/s/diagnostics');
    fake.fail('prod', new ReconcilerError('TARGET_UNREACHABLE', 'no answer'));
    const { status, body } = await ask('GET', '/s/diagnostics');
    expect(body).toMatchObject({ error: 'Failed to connect to cluster' });
    expect(status).toBe(500);
  });

  it('is mended by a commit of the workflow', async () => {
    fake.tell('prod', [SERVICE, POD]);
    const template = (await ask('GET', '/s/fix-template/selector-fix', undefined, 'viewer')).body;
    expect(template).toMatchObject({ applyMethod: 'kubectl-apply', fixType: 'selector-fix' });
    const { yaml } = template;
    const { status, body } = await ask('POST', '/s/fix', { fixType: 'selector-fix', yaml, mode: 'auto' });
    expect(body).toMatchObject({ success: true, fixType: 'selector-fix', mode: 'auto' });
    expect(status).toBe(200);
    const text = await textOf(PATH);
    expect(text).toContain('targetApp: web');
    expect(text).not.toContain('wbe');
    expect(text).toContain('# leads to nowhere');
    expect((await ask('GET', '/s/diagnostics')).body).toMatchObject({ overallStatus: 'healthy' });
  });

  it('is not mended by anything else', async () => {
    const { yaml } = (await ask('GET', '/s/fix-template/selector-fix')).body;
    for (const [asked, details] of [
      [{ fixType: 'selector-fix', yaml: 'kind: ClusterRoleBinding' }, /says something else than the fix/],
      [{ fixType: 'selector-fix', yaml: `${String(yaml)}---\nkind: Secret\n` }, /cannot be read/],
      [{ fixType: 'port-fix', yaml }, /leads to port 8080 already/],
      [{ fixType: 'metallb-pool', yaml }, /MetalLB/],
      [{ fixType: 'x', yaml }, /unknown fix type: x/],
    ] as const) {
      const { status, body } = await ask('POST', '/s/fix', asked);
      expect(body).toMatchObject({
        error: 'Failed to apply Kubernetes manifest',
        fixType: asked.fixType,
        mode: 'manual',
      });
      expect(body['details']).toMatch(details);
      expect(status).toBe(400);
    }
    expect(await textOf(PATH)).toBe(TEXT);
  });

  it('is not mended when somebody has done so meanwhile', async () => {
    const { yaml } = (await ask('GET', '/s/fix-template/selector-fix')).body;
    rig.source.push({ [PATH]: TEXT.replace('wbe', 'web') });
    const { status, body } = await ask('POST', '/s/fix', { fixType: 'selector-fix', yaml });
    expect(body['details']).toContain('is pointed at web already');
    expect(status).toBe(400);
  });

  it.each([
    ['GET', '/s/fix-template/x', 400, 'unknown fix type: x'],
    ['GET', '/none/diagnostics', 404, 'Node not found'],
    ['GET', '/w/diagnostics', 400, 'Diagnostics only supported for service nodes'],
    ['GET', '/w/fix-template/port-fix', 400, 'Diagnostics only supported for service nodes'],
  ])('%s %s is %i', async (method, path, status, error) => {
    expect(await ask(method, path)).toEqual({ status, body: { error } });
  });

  it('is mended by deployers', async () => {
    expect((await ask('POST', '/s/fix', { fixType: 'x', yaml: 'x' }, 'viewer')).status).toBe(403);
    expect((await ask('POST', '/s/fix', { yaml: 'x' })).status).toBe(400);
  });
});
