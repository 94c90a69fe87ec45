import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it } from 'vitest';
import { createManifestRenderer } from '../../../reconciler/adapters/charts/renderer.ts';
import type { ManifestRequest } from '../../../reconciler/ports/manifest-renderer.ts';
import { readManifests } from '../../../reconciler/render/kubernetes/manifests/read-manifests.ts';

/*
 * The programs themselves, where the machine has them: `helm`, `kustomize` and `kubectl` on the path, or what KOMBINATOR_TEST_HELM,
 * KOMBINATOR_TEST_KUSTOMIZE and KOMBINATOR_TEST_KUBECTL name; a variable that leads nowhere fails. How stand-ins behave is held against them.
 */

const signal = new AbortController().signal;

function find(name: string): string | undefined {
  const named = process.env[`KOMBINATOR_TEST_${name.toUpperCase()}`];
  if (named !== undefined) return named;
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function render(request: ManifestRequest, programs: object, hidden: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-programs-'));
  const renderer = createManifestRenderer({
    ...programs,
    registries: [],
    directory,
    timeoutMs: 60_000,
    maxBytes: 1_000_000,
  });
  const text = await renderer.render(request, hidden, signal);
  expect(readdirSync(directory)).toEqual([]);
  rmSync(directory, { recursive: true });
  return text;
}

function objectsOf(text: Awaited<ReturnType<typeof render>>) {
  expect(text).toBeTypeOf('string');
  const place = { decoy: null, namespace: 'apps', title: 'it', hooks: 'refuse' } as const;
  return readManifests({ ...place, text: typeof text === 'string' ? text : '' });
}

const file = (path: string, ...lines: readonly string[]) => ({
  path,
  content: Buffer.from(`${lines.join('\n')}\n`),
});

const OVERLAY = (...more: readonly string[]): ManifestRequest => ({
  kind: 'overlay',
  directory: 'repository/prod',
  files: [
    file(
      'repository/prod/kustomization.yaml',
      'namePrefix: prod-',
      'resources: [../base]',
      'configMapGenerator: [{ name: made, files: [a.txt], options: { disableNameSuffixHash: true } }]',
      ...more,
    ),
    file('repository/prod/a.txt', 'text'),
    file('repository/base/kustomization.yaml', 'resources: [a.yaml]'),
    file('repository/base/a.yaml', 'apiVersion: v1', 'kind: Service', 'metadata: { name: a }'),
  ],
});

const kustomizers = [
  { name: 'kustomize', words: ['build'] },
  { name: 'kubectl', words: ['kustomize'] },
].flatMap(({ name, words }) => {
  const program = find(name);
  return program === undefined ? [] : [{ name, kustomize: { program, words } }];
});

if (kustomizers.length > 0)
  it.each(kustomizers)(
    '$name builds overlays of what is there, and fetches nothing',
    async ({ kustomize }) => {
      const { objects, problems } = objectsOf(await render(OVERLAY(), { kustomize }));
      expect(problems).toEqual([]);
      expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
        'ConfigMap apps/prod-made',
        'Service apps/prod-a',
      ]);
      const outside = OVERLAY('patches: [{ path: ../base/a.yaml }]');
      expect(await render(outside, { kustomize })).toMatchObject({
        problem: expect.stringContaining('kustomize cannot render it: ') as string,
      });
      const remote = OVERLAY('components: ["https://example.org/acme/part?ref=v1"]');
      expect(await render(remote, { kustomize })).toMatchObject({
        problem: expect.stringContaining('kustomize cannot render it: ') as string,
      });
    },
  );

const helm = find('helm');
const CHART = (template: readonly string[], values: object): ManifestRequest => ({
  kind: 'chart',
  chart: { directory: 'chart' },
  files: [
    file('chart/Chart.yaml', 'apiVersion: v2', 'name: demo', 'version: 1.0.0'),
    file('chart/values.yaml', 'a: chart', 'b: chart', 'c: chart'),
    file('chart/templates/a.yaml', ...template),
    file(
      'chart/templates/tests/t.yaml',
      'kind: Pod',
      'metadata:',
      '  name: "{{ randAlpha 5 }}"',
      '  annotations: { helm.sh/hook: test }',
    ),
    file(
      'chart/crds/d.yaml',
      'apiVersion: apiextensions.k8s.io/v1',
      'kind: CustomResourceDefinition',
      'metadata: { name: things.a.example }',
    ),
    file('values/0.yaml', 'b: file', 'c: file'),
  ],
  release: 'web',
  namespace: 'apps',
  valuesFiles: ['values/0.yaml'],
  values: JSON.stringify(values),
  crds: true,
  kubeVersion: '1.31',
  apiVersions: ['a.example/v1'],
});
const CONFIG = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: { name: "{{ .Release.Name }}" }', 'data:'];

if (helm !== undefined) {
  it('helm renders charts with all values, definitions and versions, and without tests', async () => {
    const template = [
      ...CONFIG,
      '  values: "{{ .Values.a }} {{ .Values.b }} {{ .Values.c }}"',
      '  place: "{{ .Release.Namespace }} {{ .Capabilities.KubeVersion.Minor }} {{ .Capabilities.APIVersions.Has "a.example/v1" }}"',
    ];
    const { objects, problems } = objectsOf(await render(CHART(template, { c: 'given' }), { helm }));
    expect(problems).toEqual([]);
    expect(objects).toMatchObject([
      { kind: 'CustomResourceDefinition' },
      { metadata: { name: 'web' }, data: { values: 'chart file given', place: 'apps 31 true' } },
    ]);
  });

  it('helm is refused what it makes up, and what it complains of tells no secret', async () => {
    expect(await render(CHART([...CONFIG, '  a: "{{ randAlphaNum 10 }}"'], {}), { helm })).toMatchObject({
      problem: expect.stringContaining('it comes out otherwise each time') as string,
    });
    const template = [...CONFIG, '  a: {{ fail (printf "bad value %s" .Values.password) }}'];
    const answer = await render(CHART(template, { password: 'correct-horse' }), { helm }, ['correct-horse']);
    expect(answer).toMatchObject({ problem: expect.stringContaining('bad value ***') as string });
    expect(JSON.stringify(answer)).not.toMatch(/correct-horse|kombinator-programs/);
  });
}

it('the programs of this machine that are named are there', async () => {
  for (const program of [helm, ...kustomizers.map(({ kustomize }) => kustomize.program)])
    if (program !== undefined) expect(() => accessSync(program, constants.X_OK)).not.toThrow();
});
