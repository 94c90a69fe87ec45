import { beforeEach, describe, expect, it } from 'vitest';
import { asFields } from '../../../reconciler/base/values.ts';
import type { ManifestOrder } from '../../../reconciler/desired/manifests/manifest-cache.ts';
import { createManifestCache } from '../../../reconciler/desired/manifests/manifest-cache.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { homePolicy } from '../../../reconciler/model/operator-policy.ts';
import type { ManifestRenderer, ManifestRequest } from '../../../reconciler/ports/manifest-renderer.ts';
import { clusterStack, configMap, demoOverlay } from '../../support/charts/demo-files.ts';
import type { DesiredFixture } from '../../support/desired-fixtures.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

const FILE = 'kombinations/mon/kombination.yaml';
const CLUSTER = { 'clusters/prod.yaml': 'server: http://127.0.0.1:1\n' };
const CHART = {
  'kombinations/mon/demo/Chart.yaml': 'name: demo\n',
  'kombinations/mon/demo/templates/a.yaml': 'a',
};
const signal = new AbortController().signal;

/** A renderer that makes a ConfigMap, or what a test says, and writes down what it was asked for. */
function createFakeRenderer() {
  const asked: ManifestRequest[] = [];
  const fake = {
    asked,
    make: (request: ManifestRequest): string =>
      configMap(request.kind, { files: String(request.files.length) }),
    problem: null as string | null,
  };
  const renderer: ManifestRenderer = {
    whyNot: (need) =>
      need.kind === 'chart' && need.address !== null
        ? { code: 'NOT_ALLOWED', problem: `not from ${need.address}` }
        : null,
    render(request) {
      asked.push(request);
      return Promise.resolve(fake.problem === null ? fake.make(request) : { problem: fake.problem });
    },
  };
  return { ...fake, renderer, fake };
}

let fixture: DesiredFixture;
let renderer: ReturnType<typeof createFakeRenderer>;
const secrets: Record<string, string> = {};

beforeEach(() => {
  renderer = createFakeRenderer();
  secrets['secret://env/LOGIN'] = 'correct-horse';
  fixture = createDesiredFixture({ renderer: renderer.renderer, secrets });
});

const push = (lines: readonly string[], files: Readonly<Record<string, string>> = CHART) =>
  fixture.push({ ...CLUSTER, ...files, [FILE]: clusterStack('mon', lines) });
const ids = () => (fixture.state.get('mon')?.resources ?? []).map(({ id }) => id);
const told = () =>
  (fixture.state.get('mon')?.diagnostics ?? []).map(
    ({ line, code, message }) => `${line} ${code} ${message}`,
  );

describe('charts', () => {
  it('are rendered when they are loaded, and again only when something else goes in', async () => {
    await push(['charts: { demo: { chart: ./demo, values: { a: 1 } } }']);
    expect(told()).toEqual([]);
    expect(ids()).toEqual(['prod/Namespace/mon', 'prod/ConfigMap/mon/chart']);
    expect(renderer.asked).toMatchObject([
      { kind: 'chart', release: 'demo', namespace: 'mon', values: '{"a":1}', crds: true, valuesFiles: [] },
    ]);
    await fixture.state.refresh('mon', signal);
    await fixture.push({ 'kombinations/mon/other.txt': 'x' });
    expect(renderer.asked).toHaveLength(1);
    expect(await fixture.push({ 'kombinations/mon/demo/templates/b.yaml': 'b' })).toMatchObject({
      changed: ['mon'],
    });
    expect(renderer.asked).toHaveLength(2);
    expect(JSON.stringify(fixture.state.get('mon')?.resources)).toContain('"files":3');
  });

  it('get the secrets of this moment, and their values are nowhere to be seen', async () => {
    renderer.fake.make = (request) => {
      const values = request.kind === 'chart' ? request.values : '{}';
      const { password } = asFields(JSON.parse(values)) ?? {};
      return `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { url: "pg://${String(password)}@db" }\n`;
    };
    await push([
      'charts: { demo: { chart: ./demo, values: { password: "x-${secret:env/LOGIN}", cost: "$5 ${a}" } } }',
    ]);
    expect(told()).toEqual([]);
    const values = renderer.asked.map((one) => (one.kind === 'chart' ? one.values : ''));
    expect(values[0]).toBe('{"password":"x-correct-horse","cost":"$5 ${a}"}');
    expect(values[1]).toMatch(/^\{"password":"x-[a-z]{7}-[a-z]{5}","cost":"\$5 \$\{a\}"\}$/);
    expect(values[1]).not.toContain('correct');
    const before = fixture.state.get('mon')?.resources.find(({ kind }) => kind === 'Secret');
    expect(JSON.stringify(fixture.state.get('mon'))).not.toContain('correct-horse');
    secrets['secret://env/LOGIN'] = 'battery-staple';
    expect(told()).toEqual(['4 RENDER_FAILED the chart demo has not been rendered yet']);
    expect(ids()).toEqual([]);
    await fixture.state.refresh('mon', signal);
    const after = fixture.state.get('mon')?.resources.find(({ kind }) => kind === 'Secret');
    expect(after?.hash).not.toBe(before?.hash);
  });

  it('are described by their files', async () => {
    const chart = { ...CHART, 'kombinations/mon/values.yaml': 'a: 1', 'shared/x.yaml': 'x' };
    await push(
      ['charts: { demo: { chart: ./demo, valuesFiles: [values.yaml, ../../shared/x.yaml] } }'],
      chart,
    );
    expect(fixture.state.describing('mon')?.files.map(({ path }) => path)).toEqual([
      FILE,
      'kombinations/mon/demo/Chart.yaml',
      'kombinations/mon/demo/templates/a.yaml',
      'kombinations/mon/values.yaml',
      'shared/x.yaml',
    ]);
  });

  it('whose secret is not there are told of once', async () => {
    await push(['charts: { demo: { chart: ./demo, values: { a: secret://env/NONE } } }']);
    expect(told().map((one) => one.split(' ')[1])).toEqual(['SECRET_NOT_FOUND']);
    expect(renderer.asked).toEqual([]);
  });

  it('that cannot be rendered make no description, and are tried again', async () => {
    renderer.fake.problem = 'it is broken';
    await push(['charts: { demo: { chart: ./demo } }', 'services: { web: { image: "a:1" } }']);
    expect(told()).toEqual(['4 RENDER_FAILED the chart demo: it is broken']);
    expect(ids()).toEqual([]);
    renderer.fake.problem = null;
    // The pause before the next try is some times what the last one took.
    await expect
      .poll(async () => {
        await fixture.state.refresh('mon', signal);
        return told();
      })
      .toEqual([]);
    expect(ids()).toContain('prod/Deployment/mon/web');
  });

  it('share names with nothing else of the stack', async () => {
    await push(['charts: { demo: { chart: ./demo }, more: { chart: ./demo } }']);
    expect(told()).toEqual(['4 DUPLICATE_OBJECT ConfigMap mon/chart is also described in line 4']);
    expect(ids()).toEqual([]);
  });

  it('may do what the operator has allowed', async () => {
    renderer.fake.make = () => 'apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { hostPID: true }\n';
    const policy = homePolicy();
    fixture = createDesiredFixture({
      renderer: renderer.renderer,
      policy: { ...policy, connections: ['http://*'] },
    });
    await push(['charts: { demo: { chart: ./demo } }']);
    expect(told()).toEqual([
      '4 NOT_ALLOWED the chart demo (Pod mon/p) uses the pid namespace of the machine, which the operator has not allowed',
    ]);
    expect((await fixture.state.askedFor(signal)).stacks.get('mon')).toMatchObject([
      { grant: 'hostNamespaces', value: 'pid' },
    ]);
  });

  it.each([
    ['chart: ./none', CHART, 'FILE_NOT_FOUND charts.demo.chart'],
    ['chart: ./demo', {}, 'FILE_NOT_FOUND charts.demo.chart'],
    ['chart: /demo', CHART, 'PATH_OUTSIDE_REPOSITORY charts.demo.chart'],
    ['chart: ./demo, valuesFiles: [none.yaml]', CHART, 'FILE_NOT_FOUND charts.demo.valuesFiles[0]'],
    ['chart: ./demo, node: nowhere', CHART, 'UNKNOWN_NODE charts.demo.node'],
    ['chart: demo, repository: "https://a.example"', CHART, 'REQUIRED charts.demo.version'],
    ['chart: oci://a.example/b, version: 1.0.0', CHART, 'REQUIRED charts.demo.digest'],
    ['chart: ./demo, values: { a: "${secret:x" }', CHART, 'INVALID_FORMAT charts.demo.values.a'],
    [
      'chart: ./demo, valuesFiles: [v.yaml]',
      { ...CHART, 'kombinations/mon/v.yaml': 'a: secret://env/A' },
      'SECRET_MISPLACED charts.demo',
    ],
    ['chart: ./demo, colour: red', CHART, 'UNKNOWN_KEY charts.demo.colour'],
  ])('{ %s } is refused', async (chart, files, code) => {
    await push([`charts: { demo: { ${chart} } }`], files);
    expect(briefDiagnostics(fixture.state.get('mon')?.diagnostics ?? []).join('\n')).toContain(code);
    expect(ids()).toEqual([]);
  });

  it('of an address that is not allowed have a finding there', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    await push([
      'charts:',
      '  demo:',
      '    chart: demo',
      '    repository: https://a.example',
      '    version: 1.0.0',
      `    digest: ${digest}`,
    ]);
    expect(told()).toEqual(['7 NOT_ALLOWED not from https://a.example']);
  });

  it('need a cluster', async () => {
    const text = clusterStack('mon', ['charts: { demo: { chart: ./demo } }']);
    await fixture.push({
      ...CHART,
      [FILE]: text.replace(
        '[{ name: prod, type: kubernetes }]',
        '[{ name: prod, connection: { type: local } }]',
      ),
    });
    expect(told().join()).toContain(
      '4 REQUIRED the chart demo runs on a cluster, and no node of the stack is one',
    );
  });

  it('are not set up by themselves, which is a warning only where nobody knows the operator', async () => {
    const lines = ['charts: { demo: { chart: ./demo } }', 'overlays: { prod: { path: ./overlay/prod } }'];
    const files = { ...CHART, ...demoOverlay('kombinations/mon/overlay') };
    const refused = [
      '4 NOT_ALLOWED the operator has not set up Helm charts',
      '5 NOT_ALLOWED the operator has not set up Kustomize overlays',
    ];
    const listed = () => fixture.state.diagnostics().map(({ line, code }) => `${line} ${code}`);
    fixture = createDesiredFixture({ renderer: null });
    await push(lines, files);
    expect(told()).toEqual(refused);
    expect(listed()).toEqual(['4 NOT_ALLOWED', '5 NOT_ALLOWED']);
    fixture = createDesiredFixture({});
    await push(lines, files);
    expect(told()).toEqual(refused);
    expect(listed()).toEqual(['4 NOT_RENDERED', '5 NOT_RENDERED']);
  });
});

it('a file that many symlinks lead to counts as often as it is written', async () => {
  const big = 'x'.repeat(4 * 1024 ** 2);
  await push(['charts: { demo: { chart: ./demo } }'], { ...CHART, 'kombinations/mon/demo/big': big });
  expect(told()).toEqual([]);
  const links = Array.from({ length: 8 }, (_, index) => ({
    path: `kombinations/mon/demo/link-${index}`,
    type: 'symlink' as const,
    content: 'big',
  }));
  fixture.source.pushWrites(links);
  await fixture.load();
  expect(told()).toEqual([expect.stringContaining('FILE_TOO_LARGE the chart demo: its files are too large')]);
});

it('those that fail slowly hold up the others for a minute, and no longer', async () => {
  let at = 0;
  const cache = createManifestCache({
    source: createMemorySource(),
    fileBytes: 1_000,
    now: () => at,
    renderer: {
      whyNot: () => null,
      async render() {
        at += 25_000;
        return { problem: 'it did not end' };
      },
    },
  });
  const orders = Array.from({ length: 9 }, (_, index): ManifestOrder => {
    const model = { kind: 'overlay', name: `o${index}`, directory: 'a', path: [] } as const;
    const source = { model, node: 'prod', namespace: 'a', files: [], digest: String(index) };
    return { source, key: String(index), secrets: new Map() };
  });
  await cache.prepare(orders, signal);
  const problems = orders.map((order) => {
    const found = cache.lookup(order);
    return found !== undefined && 'failure' in found ? found.failure.problem : '';
  });
  expect(problems.filter((one) => one.includes('it did not end')).length).toBeLessThanOrEqual(4);
  expect(problems.filter((one) => one.includes('was not rendered yet')).length).toBeGreaterThanOrEqual(5);
  at += 1;
  await cache.prepare(orders, signal, true);
  const again = orders.map((order) => JSON.stringify(cache.lookup(order)));
  expect(again.filter((one) => one.includes('it did not end')).length).toBeGreaterThan(4);
});

describe('overlays', () => {
  const OVERLAY = demoOverlay('shared');
  const lines = ['overlays: { settings: { path: ../../shared/prod, namespace: apps } }'];

  it('come with all that they are built on, and follow it', async () => {
    await push(lines, OVERLAY);
    expect(told()).toEqual([]);
    expect(ids()).toEqual(['prod/Namespace/apps', 'prod/ConfigMap/apps/overlay']);
    expect(renderer.asked).toMatchObject([{ kind: 'overlay', directory: 'repository/shared/prod' }]);
    expect(renderer.asked[0]?.files.map(({ path }) => path)).toEqual([
      'repository/shared/base/config.yaml',
      'repository/shared/base/kustomization.yaml',
      'repository/shared/prod/kustomization.yaml',
    ]);
    expect(await fixture.push({ 'shared/base/config.yaml': 'b' })).toMatchObject({ changed: ['mon'] });
    expect(await fixture.push({ 'shared/base/more.yaml': 'c' })).toMatchObject({ changed: ['mon'] });
    expect(renderer.asked).toHaveLength(3);
  });

  it.each<[string, string, Readonly<Record<string, string>>]>([
    [
      'resources: [https://example.org/a.yaml]',
      'shared/prod: https://example.org/a.yaml is not in the repository',
      {},
    ],
    ['resources: [../none]', 'shared/prod: ../none is not in the repository', {}],
    ['resources: [../../../../etc]', 'shared/prod: ../../../../etc is not in the repository', {}],
    ['resources: [/etc]', 'shared/prod: /etc is not in the repository', {}],
    [
      'generators: [gen.yaml]',
      'gen.yaml: http://127.0.0.1/x is not in the repository',
      { 'shared/prod/gen.yaml': 'kind: ConfigMapGenerator\nfiles: ["a=http://127.0.0.1/x"]\n' },
    ],
    [
      'transformers: [../plugins]',
      'gen.yaml: http://127.0.0.1/x is not in the repository',
      {
        'shared/plugins/kustomization.yaml': 'resources: [gen.yaml]\n',
        'shared/plugins/gen.yaml': 'kind: ConfigMapGenerator\nfiles: ["a=http://127.0.0.1/x"]\n',
      },
    ],
    [
      'resources: [../plugins]\ntransformers: [../plugins]',
      'shared/plugins: patches is not done where generators and transformers are described',
      { 'shared/plugins/kustomization.yaml': 'resources: [a.yaml]\npatches: []\n' },
    ],
    ['resources: [../empty]', 'there is no kustomization.yaml in shared/empty', {}],
  ])('with %s are refused, and not rendered', async (text, message, more) => {
    const files = {
      ...OVERLAY,
      ...more,
      'shared/empty/a.txt': '',
      'shared/prod/kustomization.yaml': `${text}\n`,
    };
    await push(lines, files);
    expect(told()).toContainEqual(`4 FILE_NOT_FOUND the overlay settings: ${message}`);
    expect(ids()).toEqual([]);
    expect(renderer.asked).toEqual([]);
  });
});

it('a text that is only checked is not rendered, which is said', async () => {
  await push(['charts: { demo: { chart: ./demo } }']);
  const text = clusterStack('mon', ['charts: { demo: { chart: ./demo, values: { a: 1 } } }']);
  const { diagnostics } = fixture.state.check(text);
  expect(briefDiagnostics(diagnostics)).toEqual(['4:11 warning NOT_RENDERED charts.demo']);
  expect(renderer.asked).toHaveLength(1);
});

it('a preview renders what it changes, and leaves the state in force alone', async () => {
  await push(['charts: { demo: { chart: ./demo } }']);
  const content = clusterStack('mon', ['charts: { demo: { chart: ./demo, namespace: other } }']);
  const preview = await fixture.state.preview(
    [{ path: FILE, content: Buffer.from(content), type: 'file' }],
    signal,
  );
  expect(preview.get('mon')?.resources.map(({ id }) => id)).toContain('prod/ConfigMap/other/chart');
  expect(ids()).toContain('prod/ConfigMap/mon/chart');
  expect(renderer.asked).toHaveLength(2);
});

it('a preview of what nobody trusts gives templates no secret that they did not have', async () => {
  const values = 'values: { password: secret://env/LOGIN }';
  await push([`charts: { demo: { chart: ./demo, ${values} } }`]);
  const known = renderer.asked.length;
  const preview = (lines: readonly string[]) =>
    fixture.state.preview(
      [{ path: FILE, content: Buffer.from(clusterStack('mon', lines)), type: 'file' }],
      signal,
      { isUntrusted: true },
    );
  const same = await preview([`charts: { demo: { chart: ./demo, ${values} } }`, 'domain: a.example']);
  expect(same.get('mon')?.diagnostics).toEqual([]);
  expect(renderer.asked).toHaveLength(known);
  const other = await preview([`charts: { demo: { chart: ./demo, release: other, ${values} } }`]);
  expect(other.get('mon')?.diagnostics).toEqual([]);
  const given = renderer.asked.slice(known).map((one) => (one.kind === 'chart' ? one.values : ''));
  expect(given[0]).toBe('{"password":"not read: secret://env/LOGIN"}');
  expect(given.join()).not.toContain('correct-horse');
});

it('files for other tools leave charts and overlays out, which is said', async () => {
  await push(['charts: { demo: { chart: ./demo } }', 'services: { web: { image: "a:1" } }']);
  const { notes, files } = await fixture.state.generate({ subject: { stack: 'mon' }, format: 'kubernetes' });
  expect(notes).toContain('the chart demo is left out');
  expect(String(files[0]?.content)).toContain('image: a:1');
});

it('files for other tools can be made of a stack that has nothing else', async () => {
  await push(['charts: { demo: { chart: ./demo } }']);
  for (const format of ['compose', 'opentofu', 'traefik', 'kubernetes'] as const) {
    const { notes } = await fixture.state.generate({ subject: { stack: 'mon' }, format });
    expect(notes, format).toContain('the chart demo is left out');
  }
});
