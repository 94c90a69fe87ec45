import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChartCredentials } from '../../../reconciler/adapters/charts/chart-credentials.ts';
import { findInIndex } from '../../../reconciler/adapters/charts/http-repository.ts';
import type { RendererOptions } from '../../../reconciler/adapters/charts/renderer.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { ChartRequest } from '../../../reconciler/ports/manifest-renderer.ts';
import { chart, useRenderers } from '../../support/charts/renderers.ts';

const signal = new AbortController().signal;
const rig = useRenderers();
const { rendererOf } = rig;

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
      directory: mkdtempSync(join(rig.root, 'charts-')),
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

  it('is fetched again where the one that was kept is another by now', async () => {
    answer({ '/charts/index.yaml': index('a.tgz'), '/charts/a.tgz': archive });
    const directory = mkdtempSync(join(rig.root, 'charts-'));
    const renderer = fresh({ directory });
    await renderer.render(request(), [], signal);
    const kept = join(directory, 'archives', `${digest.slice(7)}.tgz`);
    writeFileSync(kept, 'of somebody else');
    expect(await renderer.render(request(), [], signal)).toContain('web 300');
    expect(readFileSync(kept)).toEqual(archive);
    expect(asked).toHaveLength(4);
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

  it('is waited for once where its server is silent, and so is what else is there', async () => {
    answer({});
    handle = () => undefined;
    const renderer = fresh({ timeoutMs: 1_000 });
    const silent = { problem: `${host} did not answer within 1 s` };
    expect(await renderer.render(request(), [], signal)).toEqual(silent);
    expect(await renderer.render(request({ version: '2.0.0' }), [], signal)).toEqual(silent);
    expect(asked).toEqual(['/charts/index.yaml']);
  });

  it('has one time for all that has to be asked', async () => {
    answer({});
    const slow = (response: ServerResponse, text: string | Buffer) =>
      setTimeout(() => response.end(text), 700);
    handle = (incoming, response) =>
      void slow(response, incoming.url === '/charts/index.yaml' ? index('a.tgz') : archive);
    expect(await fresh({ timeoutMs: 1_000 }).render(request(), [], signal)).toEqual({
      problem: `${host} did not answer within 1 s`,
    });
  });

  it('cannot be kept where there is no place for it, which is told', async () => {
    answer({ '/charts/index.yaml': index('a.tgz'), '/charts/a.tgz': archive });
    const directory = mkdtempSync(join(rig.root, 'charts-'));
    writeFileSync(join(directory, 'archives'), '');
    expect(await fresh({ directory }).render(request(), [], signal)).toMatchObject({
      problem: expect.stringContaining('it cannot be kept in the state directory') as string,
    });
  });

  describe('with credentials', () => {
    const password = new Secret('correct-horse', 'the test');
    const basic = `Basic ${Buffer.from('ada:correct-horse').toString('base64')}`;
    const access = (url: string) => [{ url, username: 'ada', password: () => password }];
    const shown: (readonly [string, string | undefined])[] = [];
    const other = createServer((incoming, response) => {
      shown.push([`other ${incoming.url}`, incoming.headers.authorization]);
      response.end(archive);
    });
    let elsewhere = '';
    beforeAll(async () => {
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      elsewhere = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    });
    afterAll(() => other.close());
    const guarded = (pages: Readonly<Record<string, string | Buffer | { readonly to: string }>>) => {
      answer(pages);
      const open = handle;
      shown.length = 0;
      handle = (incoming, response) => {
        shown.push([incoming.url ?? '', incoming.headers.authorization]);
        if (incoming.headers.authorization === basic) open(incoming, response);
        else response.writeHead(401).end();
      };
    };

    it('is fetched with those for the address, and no other server sees them', async () => {
      guarded({ '/charts/index.yaml': index('a.tgz'), '/charts/a.tgz': { to: `http://${elsewhere}/b.tgz` } });
      const registries = [`http://${host}/charts`, `http://${elsewhere}/`];
      const renderer = fresh({ registries, access: access(`http://${host}/charts`) });
      expect(await renderer.render(request(), [], signal)).toContain('web 300');
      expect(shown).toEqual([
        ['/charts/index.yaml', basic],
        ['/charts/a.tgz', basic],
        ['other /b.tgz', undefined],
      ]);
    });

    it('says what to do where they are missing, wrong, or cannot be had', async () => {
      guarded({});
      const hint = (more: Partial<RendererOptions>) => fresh(more).render(request(), [], signal);
      expect(await hint({})).toMatchObject({
        problem: `${host} answers 401 when asked for its index`,
        hint: expect.stringContaining(`[{ url: "http://${host}/", username: NAME`) as string,
      });
      const wrong = [{ url: `http://${host}/charts`, username: 'bob', password: () => password }];
      expect(await hint({ access: wrong })).toMatchObject({
        hint: expect.stringContaining('are good for this chart') as string,
      });
      const missing = () => {
        throw new Error('there is no secret://file/CHARTS');
      };
      const none = [{ url: `http://${host}/charts`, username: 'bob', password: missing }];
      expect(await hint({ access: none })).toMatchObject({
        problem: expect.stringContaining('cannot be had: there is no secret://file/CHARTS') as string,
      });
    });

    it.each(['Bearer', 'Basic'])('comes out of an OCI registry that wants %s', async (kind) => {
      answer({});
      shown.length = 0;
      const good = kind === 'Bearer' ? 'Bearer t2' : basic;
      handle = (incoming, response) => {
        const { url = '', headers } = incoming;
        shown.push([url.split('?', 1)[0] ?? '', headers.authorization]);
        if (url.startsWith('/token?'))
          return void (headers.authorization === basic
            ? response.end('{"token":"t2"}')
            : response.writeHead(401).end());
        if (headers.authorization !== good) {
          const bearer = `Bearer realm="http://${host}/token",service="s",scope="repository:acme/demo:pull"`;
          const challenge = kind === 'Bearer' ? bearer : 'Basic realm="acme"';
          return void response.writeHead(401, { 'www-authenticate': challenge }).end();
        }
        const mediaType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
        if (url.startsWith('/v2/acme/demo/manifests/'))
          return void response.end(JSON.stringify({ layers: [{ mediaType, digest }] }));
        return void response.writeHead(307, { location: `http://${elsewhere}/blob` }).end();
      };
      const registries = [`oci://${host}/acme`, `http://${elsewhere}/`];
      const renderer = fresh({ registries, access: access(`oci://${host}/acme`) });
      const oci = request({ address: `oci://${host}/acme/demo` });
      expect(await renderer.render(oci, [], signal)).toContain('web 300');
      expect(shown.at(-1)).toEqual(['other /blob', undefined]);
      const refused = await fresh({ registries }).render(oci, [], signal);
      expect(refused).toMatchObject({ hint: expect.stringContaining('credentials for it') as string });
    });

    it('has them for what is below their address alone, the longest first', () => {
      const of = (url: string, username: string) => ({ url, username, password: () => password });
      const { basicFor } = createChartCredentials([
        of('https://a.example/', 'all'),
        of('https://a.example/team/', 'team'),
      ]);
      const user = (url: string) =>
        Buffer.from(basicFor(url)?.slice(6) ?? '', 'base64')
          .toString()
          .split(':')[0];
      expect(user('https://a.example/team/x')).toBe('team');
      expect(user('https://a.example/teams')).toBe('all');
      for (const url of [
        'http://a.example/team',
        'https://a.example:444/',
        'https://a.example.org/',
        'oci://a.example/',
      ])
        expect(basicFor(url), url).toBeUndefined();
    });
  });

  it('is found by its version alone, however the index is written', () => {
    const item = (version: string, more = '') =>
      `  - dependencies:\n    - name: a\n      version: 9.9.9\n${more}    urls:\n    - a${version.replaceAll('"', '')}.tgz\n    version: ${version}\n`;
    const text = `entries:\n  demo:\n${item('1.0.0', '    description: |\n      - version: 3.0.0\n')}${item('"2.0.0"')}  last: []\n`;
    expect(findInIndex(text, 'demo', '1.0.0')).toEqual({ url: 'a1.0.0.tgz' });
    expect(findInIndex(text, 'demo', '2.0.0')).toEqual({ url: 'a2.0.0.tgz' });
    for (const version of ['9.9.9', '3.0.0'])
      expect(findInIndex(text, 'demo', version)).toMatchObject({
        problem: `there is no version ${version} of demo`,
      });
    const flow = 'entries:\n  demo: [{ version: 1.0.0, urls: [a.tgz] }, { version: 2.0.0, urls: [b.tgz] }]\n';
    expect(findInIndex(flow, 'demo', '2.0.0')).toEqual({ url: 'b.tgz' });
    expect(findInIndex(flow, 'demo', '2.0.1')).toMatchObject({
      hint: expect.stringContaining('2.0.0') as string,
    });
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
