import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPageFiles } from '../../../../api/pages/page-files.ts';
import type { ApiServer } from '../../../support/api/api-server.ts';
import { startApiServer } from '../../../support/api/api-server.ts';

describe('the page over HTTP', () => {
  let directory: string;
  let server: ApiServer;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(server.url + path, { headers, redirect: 'manual' });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kombinator-page-'));
    await mkdir(join(directory, 'assets'));
    await writeFile(join(directory, 'index.html'), '<title>page</title>');
    await writeFile(join(directory, 'assets/main-1a2b.js'), 'let a = 1;');
    await writeFile(join(directory, 'assets/main-1a2b.js.br'), brotliCompressSync('let a = 1;'));
    server = await startApiServer({ page: openPageFiles(directory)! });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  it('sends browsers there from the root, and programs not', async () => {
    const browser = await get('/', { Accept: 'text/html' });

    expect([browser.status, browser.headers.get('Location')]).toEqual([302, '/ui/']);
    expect((await get('/', { Accept: 'application/json' })).status).not.toBe(302);
    expect((await get('/ui')).headers.get('Location')).toBe('/ui/');
  });

  it('never has the first file kept, and refuses scripts of others, frames and what is no trusted type', async () => {
    const answer = await get('/ui/stacks/home%20lab/plan');

    expect(await answer.text()).toBe('<title>page</title>');
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const policy = answer.headers.get('Content-Security-Policy') ?? '';
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "trusted-types 'none'",
      ]),
    );
    expect(policy).not.toContain('unsafe');
  });

  it('has files with names of their content kept for good, compressed for those who can', async () => {
    const answer = await get('/ui/assets/main-1a2b.js', { 'Accept-Encoding': 'br' });

    expect(await answer.text()).toBe('let a = 1;');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'br',
      'content-type': expect.stringContaining('javascript'),
      vary: 'Accept-Encoding',
    });
    expect(
      (await get('/ui/assets/main-1a2b.js', { 'Accept-Encoding': 'gzip' })).headers.get('Content-Encoding'),
    ).toBeNull();
  });

  it('has 404 for what an older build had, and serves a newer one at once', async () => {
    expect((await get('/ui/assets/main-0000.js')).status).toBe(404);
    await writeFile(join(directory, 'assets/main-0000.js'), 'let b = 2;');
    expect(await (await get('/ui/assets/main-0000.js')).text()).toBe('let b = 2;');
    await rm(join(directory, 'assets/main-0000.js'));
    expect((await get('/ui/assets/main-0000.js')).status).toBe(404);
  });

  it.each([
    '/ui/..%2f..%2fetc%2fpasswd',
    '/ui/assets/..%2f..%2f..%2fetc%2fhosts.txt',
    '/ui/assets/main-1a2b.js.br',
    '/ui/.git/config.txt',
  ])('leads nowhere else: %s', async (path) => {
    const answer = await get(path);

    expect(answer.status === 404 || (await answer.text()) === '<title>page</title>').toBe(true);
  });
});
