import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { GitSourceOptions } from '../../../reconciler/adapters/git/index.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import type { GitServer } from '../../support/git/git-server.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { openSource, realClock } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
const CONTENT = Buffer.from('the content\n');
const OID = createHash('sha256').update(CONTENT).digest('hex');
const pointer = (size = CONTENT.length, oid = OID) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;
const FILES = {
  '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
  'kombinations/s/kombination.yaml':
    'version: "1.0"\nmeta: { name: s }\nservices:\n  web: { image: a, files: [{ source: a.bin, target: /a }] }\n  own: { image: a }\n',
  'kombinations/s/a.bin': pointer(),
};

/** A server of Git LFS (batch API, basic transfers) that answers with what the test says. */
interface LfsDouble extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path authorization`. */
  readonly requests: readonly string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

async function startDouble(answer: Answer): Promise<LfsDouble> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'anonymous'}`);
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Answers a batch with one action for each object, whose content is at `place`. */
async function answerBatch(
  request: IncomingMessage,
  response: ServerResponse,
  action: (oid: string) => object,
): Promise<void> {
  const { operation, transfers, objects } = (await json(request)) as {
    operation: string;
    transfers: string[];
    objects: { oid: string; size: number }[];
  };
  expect({ operation, transfers }).toEqual({ operation: 'download', transfers: ['basic'] });
  response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' });
  response.end(JSON.stringify({ objects: objects.map((one) => ({ ...one, ...action(one.oid) })) }));
}

async function load(options: Partial<GitSourceOptions> & Pick<GitSourceOptions, 'location'>) {
  const opened = await openSource(options);
  const { source } = opened;
  const state = createDesiredState({ source, secrets: createFixedSecrets(), checkSchema });
  const refresh = async () => {
    await state.load(await source.resolve(signal), signal);
    const errors = state.get('s')?.diagnostics.filter(({ severity }) => severity === 'error') ?? [];
    return errors.map(({ code, line, message }) => `${code} ${line} ${message}`);
  };
  const content = async () => {
    const spec = state.get('s')?.resources.find(({ name }) => name === 'web')?.spec as never as {
      files: { blob: string }[];
    };
    return Buffer.from(await source.readBlob(spec.files[0]?.blob ?? '')).toString();
  };
  return { ...opened, source, refresh, content, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** A Git server whose requests to Git LFS the test answers. */
async function startForge(repo: TestRepository, answer: Answer): Promise<LfsDouble> {
  const git: GitServer = await startGitServer({ repository: repo.path });
  const double = await startDouble(async (request, response) => {
    if (request.url?.includes('/info/lfs/') === true || request.url?.startsWith('/storage/') === true)
      return answer(request, response);
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const { host: _, authorization: __, ...headers } = request.headers;
    const passed = await fetch(new URL(request.url ?? '/', git.url), {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
    });
    response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await passed.arrayBuffer()));
  });
  return {
    url: `${double.url}/config.git`,
    requests: double.requests,
    async [Symbol.asyncDispose]() {
      await double[Symbol.asyncDispose]();
      await git[Symbol.asyncDispose]();
    },
  };
}

const withCredentials = (url: string) => url.replace('//', '//ada:hunter2@');
const ADA = `Basic ${Buffer.from('ada:hunter2').toString('base64')}`;
const missing = (reason: string) =>
  `CONTENT_ELSEWHERE 4 kombinations/s/a.bin is kept in Git LFS, and ${reason}`;

describe('contents of Git LFS', () => {
  it('come from the server of the repository, are checked, and are fetched once', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, FILES, 'first');
    await using forge = await startForge(repo, async (request, response) => {
      if (request.method === 'GET') return void response.end(CONTENT);
      await answerBatch(request, response, (oid) => ({
        actions: { download: { href: forge.url.replace('config.git', `storage/${oid}`) } },
      }));
    });
    const options = { location: withCredentials(forge.url), fetchLargeFiles: [forge.url] };
    await using opened = await load(options);
    expect(await opened.refresh()).toEqual([]);
    expect(await opened.content()).toBe('the content\n');
    const asked = forge.requests.filter((request) => /lfs|storage/.test(request));
    expect(asked).toEqual([`POST /config.git/info/lfs/objects/batch ${ADA}`, `GET /storage/${OID} ${ADA}`]);
    await using again = await load({ ...options, cacheDir: opened.cacheDir });
    expect(await again.refresh()).toEqual([]);
    expect(await again.content()).toBe('the content\n');
    expect(forge.requests.filter((request) => /lfs|storage/.test(request))).toEqual(asked);
  });

  it('come from another host only where that is allowed, which is told no credentials but the ones it is given', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, FILES, 'first');
    const told: unknown[] = [];
    await using storage = await startDouble((request, response) => {
      told.push([request.headers.host, request.headers['x-token'], request.headers['x-forwarded-for']]);
      response.end(CONTENT);
    });
    const header = { 'x-token': 'given', Host: 'inside.example', 'X-Forwarded-For': '127.0.0.1' };
    await using forge = await startForge(repo, (request, response) =>
      answerBatch(request, response, () => ({
        actions: { download: { href: `${storage.url}/x?signature=1`, header } },
      })),
    );
    const location = withCredentials(forge.url);
    await using refused = await load({ location, fetchLargeFiles: [forge.url] });
    expect(await refused.refresh()).toEqual([
      missing(
        `its server keeps it at ${storage.url}, which is not below a place that large files are fetched from`,
      ),
    ]);
    expect(storage.requests).toEqual([]);
    await using allowed = await load({ location, fetchLargeFiles: [forge.url, storage.url] });
    expect(await allowed.refresh()).toEqual([]);
    expect(storage.requests).toEqual(['GET /x?signature=1 anonymous']);
    expect(told).toEqual([[new URL(storage.url).host, 'given', undefined]]);
  });

  it.each<{ when: string; says: RegExp; answer: object | number; content?: string }>([
    {
      when: 'something else comes',
      says: /the server sends something else than what the pointer names/,
      answer: { actions: { download: { href: 'STORAGE' } } },
      content: 'another one',
    },
    {
      when: 'more comes than is said',
      says: /the server sends more than 12 bytes/,
      answer: { actions: { download: { href: 'STORAGE' } } },
      content: 'x'.repeat(1_000),
    },
    {
      when: 'the server has none',
      says: /its server says 404: gone/,
      answer: { error: { code: 404, message: 'gone' } },
    },
    { when: 'the server does not say where', says: /its server does not say where it is/, answer: {} },
    {
      when: 'it is a file of the machine',
      says: /names no http\(s\) address/,
      answer: { actions: { download: { href: 'file:///etc/passwd' } } },
    },
    {
      when: 'there is no such server',
      says: /it cannot be fetched: .*there is no such repository/,
      answer: 404,
    },
    { when: 'it moves', says: /it cannot be fetched: .*has moved/, answer: 302 },
  ])('are a finding at the line that needs them when $when', async ({ says, answer, content }) => {
    await using repo = await createBareRepo();
    await commitFiles(repo, FILES, 'first');
    await using forge = await startForge(repo, async (request, response) => {
      if (request.method === 'GET') return void response.end(content);
      if (typeof answer === 'number') return void response.writeHead(answer).end();
      const storage = forge.url.replace('config.git', 'storage/x');
      await answerBatch(request, response, () =>
        JSON.parse(JSON.stringify(answer).replace('STORAGE', storage)),
      );
    });
    await using opened = await load({ location: forge.url, fetchLargeFiles: [forge.url] });
    const [found, ...others] = await opened.refresh();
    expect(found).toMatch(says);
    expect(found).toContain('CONTENT_ELSEWHERE 4 kombinations/s/a.bin is kept in Git LFS, and ');
    expect(others).toEqual([]);
    expect(await readdir(join(opened.cacheDir, 'lfs')).catch(() => [])).toEqual([]);
  });

  it('are not fetched by default, nor when they are larger than a file may be', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, FILES, 'first');
    await using forge = await startForge(repo, (_request, response) => void response.writeHead(500).end());
    await using off = await load({ location: forge.url });
    expect(await off.refresh()).toEqual([missing('the repository has only a pointer to it')]);
    await using elsewhere = await load({ location: forge.url, fetchLargeFiles: ['https://h/'] });
    expect(await elsewhere.refresh()).toEqual([
      missing(`${forge.url} is not below a place that large files are fetched from`),
    ]);
    await commitFiles(repo, { 'kombinations/s/a.bin': pointer(11 * 1024 ** 2) }, 'large');
    await using opened = await load({ location: forge.url, fetchLargeFiles: [forge.url] });
    expect(await opened.refresh()).toEqual([
      missing('it has 11534336 bytes, and a file may have no more than 10485760'),
    ]);
    expect(forge.requests.filter((request) => request.includes('lfs'))).toEqual([]);
  });

  it('are in a repository on this machine, or are asked for again once they may be', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, FILES, 'first');
    let later = 0;
    const clock = { ...realClock, elapsed: () => performance.now() + later };
    await using opened = await load({ location: repo.path, fetchLargeFiles: [dirname(repo.path)], clock });
    expect(await opened.refresh()).toEqual([missing(`${repo.path} does not have it either`)]);
    const place = join(repo.gitdir, 'lfs', 'objects', OID.slice(0, 2), OID.slice(2, 4));
    await mkdir(place, { recursive: true });
    await writeFile(join(place, OID), CONTENT);
    expect(await opened.refresh()).toHaveLength(1);
    later = 61_000;
    expect(await opened.refresh()).toEqual([]);
    expect(await opened.content()).toBe('the content\n');
    expect(opened.source.isIncomplete((await opened.source.resolve(signal)).commit)).toBe(false);
  });
});
