import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { createHastyClock, openSource } from '../../support/git/git-sources.ts';

const signal = new AbortController().signal;
/** Timeout of `http.globalAgent`. */
const AGENT_TIMEOUT_MS = 5_000;

interface Meddling {
  /** Returns the body that is answered instead of the server's own. */
  readonly body?: (method: string | undefined, body: Buffer) => Buffer;
  /** Before the first answer. */
  readonly delayMs?: number;
}

/** A Git server behind a proxy that meddles with its answers. */
async function meddledServer(repository: string, { body = (_, whole) => whole, delayMs = 0 }: Meddling) {
  const server = await startGitServer({ repository });
  const { origin, pathname } = new URL(server.url);
  let asked = 0;
  const proxy = createServer((request, response) => {
    void (async () => {
      asked += 1;
      if (asked === 1) await delay(delayMs);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const upstream = await fetch(`${origin}${request.url}`, {
        method: request.method ?? 'GET',
        headers: { 'content-type': request.headers['content-type'] ?? '' },
        ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
      });
      const answer = Buffer.from(await upstream.arrayBuffer());
      response.writeHead(upstream.status, { 'content-type': upstream.headers.get('content-type') ?? '' });
      response.end(body(request.method, answer));
    })();
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${pathname}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      proxy.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

it('a server may take longer over its answer than the agents of Node wait for', async () => {
  await using repo = await createBareRepo();
  const commit = await commitFiles(repo, { a: '1' }, 'first');
  await using server = await meddledServer(repo.path, { delayMs: AGENT_TIMEOUT_MS + 500 });
  await using opened = await openSource({ location: server.url });

  expect((await opened.source.resolve(signal)).commit).toBe(commit);
});

it('a server is not trusted with a pack that is cut short', async () => {
  await using repo = await createBareRepo();
  await commitFiles(repo, { a: 'x'.repeat(10_000) }, 'first');
  await using server = await meddledServer(repo.path, {
    body: (method, whole) => (method === 'POST' ? whole.subarray(0, whole.length - 30) : whole),
  });
  await using opened = await openSource({ location: server.url, clock: createHastyClock() });

  await expect(opened.source.resolve(signal)).rejects.toMatchObject({
    code: 'REPOSITORY_UNREACHABLE',
    retryable: true,
  });

  const [mirror = ''] = (await readdir(opened.cacheDir)).filter((entry) => entry.endsWith('.git'));
  expect(await readdir(join(opened.cacheDir, mirror, 'objects/pack'))).toEqual([]);
});

/** Adds lines to a list of refs, in front of its end. */
function withRefs(list: Buffer, lines: readonly string[]): Buffer {
  const packets = lines.map(
    (line) => `${(Buffer.byteLength(line) + 5).toString(16).padStart(4, '0')}${line}\n`,
  );
  return Buffer.concat([list.subarray(0, -4), Buffer.from(`${packets.join('')}0000`)]);
}

it('takes no ref whose name or id is none, and writes nothing outside of its mirror for one', async () => {
  await using repo = await createBareRepo();
  const commit = await commitFiles(repo, { a: '1' }, 'first');
  const up = 'refs/tags/deploy/../../../../';
  const evil = [
    `${commit} ${up}PWNED`,
    `${commit} refs/heads/../../../PWNED`,
    `${commit} refs/tags/deploy/a\x1b[2J/1`,
    `${commit} refs/tags/deploy/b/1.lock`,
    `HEAD refs/tags/deploy/c/1`,
    `${commit}\nHEAD refs/tags/deploy/d/1`,
    `${commit} refs/tags/deploy/e/1`,
  ];
  await using server = await meddledServer(repo.path, {
    body: (method, body) => (method === 'GET' ? withRefs(body, evil) : body),
  });
  await using opened = await openSource({ location: server.url });

  expect(await opened.source.resolve(signal)).toMatchObject({ commit });
  expect((await readdir(opened.cacheDir)).filter((name) => name.includes('PWNED'))).toEqual([]);
  expect((await opened.source.tags('')).map(({ name }) => name)).toEqual(['deploy/e/1']);
});
