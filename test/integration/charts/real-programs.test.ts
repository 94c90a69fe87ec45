import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from 'vitest';
import { findProgram } from '../../../deploy/demo/processes.ts';
import { createManifestRenderer } from '../../../reconciler/adapters/charts/renderer.ts';
import type { ManifestRequest } from '../../../reconciler/ports/manifest-renderer.ts';
import { readManifests } from '../../../reconciler/render/kubernetes/manifests/read-manifests.ts';
import { overlayPrograms } from '../../support/charts/overlay-programs.ts';
import { writeChartPrograms } from '../../support/charts/programs.ts';

/*
 * The programs themselves: kustomize and kubectl, which have to be there, and helm where KOMBINATOR_TEST_HELM names it or the path has it, for Debian
 * has no package of it. How the stand-in for helm behaves is held against the same expectations, so that it is worth something where it is alone.
 */

const signal = new AbortController().signal;

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

it.each(overlayPrograms())(
  '$name builds overlays of what is there, and fetches nothing',
  async ({ program, words }) => {
    const kustomize = { program, words };
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

/** A helm, and how templates are written that it understands. */
interface Helm {
  readonly name: string;
  readonly program: string;
  /** Release, version of Kubernetes, and whether there is `a.example/v1`. */
  readonly place: string;
  /** Another text each time. */
  readonly random: string;
  /** Fails with `bad value` and the password. */
  readonly failing: string;
}

const standIns = mkdtempSync(join(tmpdir(), 'kombinator-stand-ins-'));
afterAll(() => rmSync(standIns, { recursive: true }));

const STAND_IN: Helm = {
  name: 'the stand-in for helm',
  program: writeChartPrograms(standIns).helm,
  place: '{{ .Release.Namespace }} {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions }}',
  random: '{{ random }}',
  failing: '{{ .Values.password | fail }}',
};

function helms(): readonly Helm[] {
  const named = process.env['KOMBINATOR_TEST_HELM'];
  const program = named === undefined || named === '' ? findProgram('helm') : named;
  if (program === undefined) {
    process.stdout.write('Charts: a stand-in for helm, for this machine has none\n');
    return [STAND_IN];
  }
  accessSync(program, constants.X_OK);
  process.stdout.write(`Charts: ${program}, and the stand-in for helm\n`);
  const place =
    '{{ .Release.Namespace }} {{ .Capabilities.KubeVersion.Major }}.{{ .Capabilities.KubeVersion.Minor }} {{ if .Capabilities.APIVersions.Has "a.example/v1" }}a.example/v1{{ end }}';
  const failing = '{{ fail (printf "bad value %s" .Values.password) }}';
  return [STAND_IN, { name: 'helm', program, place, random: '{{ randAlphaNum 10 }}', failing }];
}

const HELMS = helms();

it.each(HELMS)(
  '$name renders charts with all values, definitions and versions, and without tests',
  async ({ program, place }) => {
    const template = [
      ...CONFIG,
      '  values: "{{ .Values.a }} {{ .Values.b }} {{ .Values.c }}"',
      `  place: '${place}'`,
    ];
    const { objects, problems } = objectsOf(await render(CHART(template, { c: 'given' }), { helm: program }));
    expect(problems).toEqual([]);
    expect(objects).toMatchObject([
      { kind: 'CustomResourceDefinition' },
      {
        metadata: { name: 'web' },
        data: { values: 'chart file given', place: 'apps 1.31 a.example/v1' },
      },
    ]);
  },
);

it.each(HELMS)(
  '$name is refused what it makes up, and what it complains of tells no secret',
  async ({ program: helm, random, failing }) => {
    expect(await render(CHART([...CONFIG, `  a: "${random}"`], {}), { helm })).toMatchObject({
      problem: expect.stringContaining('it comes out otherwise each time') as string,
    });
    const template = [...CONFIG, `  a: ${failing}`];
    const answer = await render(CHART(template, { password: 'correct-horse' }), { helm }, ['correct-horse']);
    expect(answer).toMatchObject({ problem: expect.stringMatching(/bad value "?\*\*\*/) as string });
    expect(JSON.stringify(answer)).not.toMatch(/correct-horse|kombinator-programs/);
  },
);
