import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManifestRenderer } from '../../../reconciler/adapters/charts/renderer.ts';
import type { RendererOptions } from '../../../reconciler/adapters/charts/renderer.ts';
import { sweepWorkDirectories } from '../../../reconciler/adapters/charts/work-directory.ts';
import type { ChartRequest, OverlayRequest } from '../../../reconciler/ports/manifest-renderer.ts';
import { writeChartPrograms } from '../../support/charts/programs.ts';
import { eventually } from '../../support/eventually.ts';

const signal = new AbortController().signal;
let root = '';
let programs: Partial<RendererOptions> = {};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kombinator-renderer-'));
  const { helm, kustomize } = writeChartPrograms(join(root, 'bin'));
  programs = { helm, kustomize: { program: kustomize, words: ['build'] } };
});
afterAll(() => rmSync(root, { recursive: true }));

const rendererOf = (more: Partial<RendererOptions> = {}) =>
  createManifestRenderer({
    ...programs,
    registries: [],
    directory: join(root, 'charts'),
    timeoutMs: 20_000,
    maxBytes: 100_000,
    ...more,
  });

/** A process that has ended and that nobody has waited for is still listed. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const file = (path: string, text: string) => ({ path, content: Buffer.from(text) });
const chart = (template: string, more: Partial<ChartRequest> = {}): ChartRequest => ({
  kind: 'chart',
  chart: { directory: 'chart' },
  files: [
    file('chart/Chart.yaml', 'name: demo\n'),
    file('chart/values.yaml', 'a: 1\nb: 2\nc: 3\n'),
    file('chart/templates/a.yaml', template),
    file('chart/crds/d.yaml', 'definition'),
    file('values/0.yaml', 'b: 20\nc: 30\n'),
  ],
  release: 'web',
  namespace: 'apps',
  valuesFiles: ['values/0.yaml'],
  values: '{"c": 300}',
  crds: false,
  apiVersions: [],
  ...more,
});

describe('a chart', () => {
  it('is rendered with its values, those of files and those given, each before the one before', async () => {
    const text = await rendererOf().render(
      chart('{{ .Values.a }} {{ .Values.b }} {{ .Values.c }} {{ .Release.Name }} {{ .Release.Namespace }}'),
      [],
      signal,
    );
    expect(text).toContain('1 20 300 web apps');
    expect(text).not.toContain('definition');
    expect(readdirSync(join(root, 'charts'))).toEqual([]);
  });

  it('gets definitions, versions and kinds as it is told', async () => {
    const request = chart('{{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions }}', {
      crds: true,
      kubeVersion: '1.31',
      apiVersions: ['a.example/v1', 'b.example/v1'],
    });
    expect(await rendererOf().render(request, [], signal)).toMatch(
      /definition[^]*1\.31 a\.example\/v1,b\.example\/v1/,
    );
  });

  it('comes with nothing of the daemon, and leaves nothing behind', async () => {
    process.env['KOMBINATOR_SECRET_OF_TEST'] = 'hunter2';
    const text = await rendererOf().render(
      chart('{{ surroundings }}', { values: '{"p": "in-memory"}' }),
      [],
      signal,
    );
    delete process.env['KOMBINATOR_SECRET_OF_TEST'];
    expect(text).toMatch(/HTTPS_PROXY:http:\/\/127\.0\.0\.1:1,/);
    expect(text).toMatch(/HELM_NO_PLUGINS:1/);
    expect(text).not.toMatch(/hunter2|in-memory|node_modules|\/usr\/bin/);
    expect(readdirSync(join(root, 'charts'))).toEqual([]);
  });

  it('that comes out otherwise each time is refused', async () => {
    expect(await rendererOf().render(chart('a\nb: {{ random }}'), [], signal)).toMatchObject({
      problem: 'it comes out otherwise each time, first at line 4 of what helm prints',
    });
  });

  it('that fails is told of without secrets and paths of this machine', async () => {
    const request = chart('{{ .Values.password | fail }}', { values: '{"password": "correct-horse"}' });
    const answer = await rendererOf().render(request, ['correct-horse'], signal);
    expect(answer).toEqual({
      problem:
        'helm cannot render it: execution error at (demo/templates/a.yaml:1:3): bad value "***" in chart',
    });
  });

  it('may not print without end, nor take for ever, nor leave programs behind', async () => {
    expect(await rendererOf({ maxBytes: 1_000 }).render(chart('x'.repeat(2_000)), [], signal)).toEqual({
      problem: 'it prints more than 1000 bytes',
    });
    const started = join(root, 'started');
    const slow = join(root, 'slow');
    const text = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      require('node:fs').writeFileSync(${JSON.stringify(started)}, String(child.pid));
      setInterval(() => {}, 1000);`;
    writeFileSync(slow, `#!${process.execPath}\n${text}`, { mode: 0o755 });
    const answer = await rendererOf({ helm: slow, timeoutMs: 2_000 }).render(chart('a'), [], signal);
    expect(answer).toEqual({ problem: 'it did not end within 2 s' });
    const pid = Number(readFileSync(started, 'utf8'));
    expect(
      await eventually(
        () => isRunning(pid),
        (running) => !running,
      ),
    ).toBe(false);
  });

  it('is not rendered when nobody wants it any more', async () => {
    const controller = new AbortController();
    const running = rendererOf().render(chart('a'), [], controller.signal);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await eventually(
      () => readdirSync(join(root, 'charts')).length,
      (count) => count === 0,
    );
  });

  it('needs the program to be there', async () => {
    const answer = await rendererOf({ helm: '/nowhere/helm' }).render(chart('a'), [], signal);
    expect(answer).toMatchObject({
      problem: expect.stringContaining('/nowhere/helm cannot be run') as string,
    });
    const { helm: _, ...none } = programs;
    const renderer = createManifestRenderer({
      ...none,
      registries: [],
      directory: root,
      timeoutMs: 1,
      maxBytes: 1,
    });
    expect(renderer.whyNot({ kind: 'chart', address: null })).toMatchObject({ code: 'NOT_ALLOWED' });
    expect(renderer.whyNot({ kind: 'overlay' })).toBeNull();
  });
});

it('an overlay is built on what is beside it', async () => {
  const request: OverlayRequest = {
    kind: 'overlay',
    directory: 'repository/prod',
    files: [
      file('repository/prod/kustomization.yaml', 'namePrefix: prod-\nresources:\n  - ../base\n'),
      file('repository/base/kustomization.yaml', 'resources:\n  - a.yaml\n'),
      file('repository/base/a.yaml', 'metadata:\n  name: a\n'),
    ],
  };
  expect(await rendererOf().render(request, [], signal)).toContain('name: prod-a');
});

it('what a process that was killed has left goes', async () => {
  const directory = mkdtempSync(join(root, 'left-'));
  mkdtempSync(join(directory, 'work-'));
  writeFileSync(join(directory, 'other'), '');
  await sweepWorkDirectories(directory);
  expect(readdirSync(directory)).toEqual(['other']);
});

describe('a chart that is published elsewhere', () => {
  const archive = Buffer.from('{{ .Release.Name }} {{ .Values.c }}');
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  const asked: string[] = [];
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    handle(request, response);
  });
  let host = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const answer = (pages: Readonly<Record<string, string | Buffer | { readonly to: string }>>) => {
    asked.length = 0;
    handle = (request, response) => {
      const page = pages[request.url ?? ''];
      if (page === undefined) response.writeHead(404).end();
      else if (typeof page === 'object' && 'to' in page) response.writeHead(302, { location: page.to }).end();
      else response.end(page);
    };
  };
  const index = (url: string) =>
    `apiVersion: v1\nentries:\n  before:\n  - version: 1.0.0\n    urls: [b.tgz]\n  demo:\n  - version: 2.0.0\n    urls: [old.tgz]\n  - version: 1.0.0\n    urls:\n    - ${url}\n  zebra:\n    - version: 1.0.0\ngenerated: "2026"\n`;
  const request = (more: Partial<{ address: string; version: string; digest: string }> = {}): ChartRequest =>
    chart('', {
      chart: {
        archive: { address: `http://${host}/charts`, chart: 'demo', version: '1.0.0', digest, ...more },
      },
    });
  const fresh = (more: Partial<RendererOptions> = {}) =>
    rendererOf({
      registries: [`http://${host}/charts`],
      directory: mkdtempSync(join(root, 'charts-')),
      ...more,
    });

  it('is found in the index of its repository, fetched once, and kept', async () => {
    answer({ '/charts/index.yaml': index('files/demo.tgz'), '/charts/files/demo.tgz': archive });
    const renderer = fresh();
    expect(await renderer.render(request(), [], signal)).toContain('web 300');
    expect(asked).toEqual(['/charts/index.yaml', '/charts/files/demo.tgz']);
    asked.length = 0;
    expect(await renderer.render(request(), [], signal)).toContain('web 300');
    expect(asked).toEqual([]);
  });

  it.each([
    ['there is no version 3.0.0 of demo', { version: '3.0.0' }, { '/charts/index.yaml': index('a.tgz') }],
    ['answers 404 when asked for its index', {}, {}],
    ['answers 404 when asked for the archive', {}, { '/charts/index.yaml': index('a.tgz') }],
    ['there is no chart demo', {}, { '/charts/index.yaml': 'entries:\n  other: []\n' }],
    ['its index cannot be read', {}, { '/charts/index.yaml': '{"entries"' }],
    [
      'has another archive for 1.0.0: sha256:',
      {},
      { '/charts/index.yaml': index('a.tgz'), '/charts/a.tgz': 'another' },
    ],
    [
      'sends more than 100000 bytes',
      {},
      { '/charts/index.yaml': index('a.tgz'), '/charts/a.tgz': Buffer.alloc(200_000) },
    ],
    ['charts from http://example.org/', {}, { '/charts/index.yaml': index('http://example.org/a.tgz') }],
    [
      'leads on to another server',
      {},
      { '/charts/index.yaml': index('a.tgz'), '/charts/a.tgz': { to: '/elsewhere/a.tgz' } },
    ],
    ['leads on more than 5 times', {}, { '/charts/index.yaml': { to: '/charts/index.yaml' } }],
  ])('is refused when %s', async (told, more, pages) => {
    answer(pages);
    const found = await fresh().render(request(more), [], signal);
    expect(found).toMatchObject({ problem: expect.stringContaining(told) as string });
  });

  it('is not asked for where the operator has not allowed it', () => {
    const renderer = fresh();
    const whyNot = (address: string) => renderer.whyNot({ kind: 'chart', address })?.hint ?? null;
    expect(whyNot(`http://${host}/charts`)).toBeNull();
    expect(whyNot(`http://${host}/charts/deeper`)).toBeNull();
    expect(whyNot(`http://${host}/chartsandmore`)).toContain(`charts: { registries: ["http://${host}/"] }`);
    expect(whyNot(`http://${host}/charts/../secret`)).not.toBeNull();
    expect(whyNot(`http://${host}/charts/%2e%2e/secret`)).not.toBeNull();
    expect(whyNot(`http://me@${host}/charts`)).not.toBeNull();
    expect(whyNot(`https://${host}/charts`)).not.toBeNull();
    expect(whyNot(`oci://${host}/charts`)).not.toBeNull();
  });

  describe('in an OCI registry', () => {
    const layer = (layerDigest: string) => ({
      mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      digest: layerDigest,
    });
    const oci = (more = {}) => request({ address: `oci://${host}/acme/demo`, version: '1.0.0+a', ...more });
    const registry = (layerDigest = digest) => {
      asked.length = 0;
      handle = (incoming, response) => {
        const url = incoming.url ?? '';
        if (url.startsWith('/token?')) return void response.end('{"token":"t1"}');
        if (incoming.headers.authorization !== 'Bearer t1') {
          const challenge = `Bearer realm="http://${host}/token",service="s",scope="repository:acme/demo:pull"`;
          return void response.writeHead(401, { 'www-authenticate': challenge }).end();
        }
        if (url === '/v2/acme/demo/manifests/1.0.0_a')
          return void response.end(JSON.stringify({ layers: [layer(layerDigest)] }));
        return void (url === `/v2/acme/demo/blobs/${digest}`
          ? response.end(archive)
          : response.writeHead(404).end());
      };
    };
    const allowed = () => fresh({ registries: [`oci://${host}/acme`] });

    it('is fetched with a token that everybody gets', async () => {
      registry();
      expect(await allowed().render(oci(), [], signal)).toContain('web 300');
      expect(asked).toEqual([
        '/v2/acme/demo/manifests/1.0.0_a',
        '/token?service=s&scope=repository%3Aacme%2Fdemo%3Apull',
        '/v2/acme/demo/manifests/1.0.0_a',
        `/v2/acme/demo/blobs/${digest}`,
      ]);
    });

    it('is refused when the version stands for another chart by now', async () => {
      registry(`sha256:${'0'.repeat(64)}`);
      expect(await allowed().render(oci(), [], signal)).toMatchObject({
        problem: expect.stringContaining('has another chart under 1.0.0+a: sha256:0000') as string,
      });
      expect(await allowed().render(oci({ version: '9' }), [], signal)).toMatchObject({
        problem: expect.stringContaining('answers 404 when asked for manifests/9') as string,
      });
    });
  });
});
