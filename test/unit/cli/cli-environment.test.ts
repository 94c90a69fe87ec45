import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { runCli } from '../../../api/cli/main.ts';
import type { GlobalOptions } from '../../../api/cli/options.ts';
import { createRemoteClient } from '../../../api/cli/remote/client.ts';
import { manualInterrupt, recordTerminal } from '../../support/cli/cli-harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-environment-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** Returns what a command line and the environment come to. */
async function optionsOf(...argv: string[]): Promise<GlobalOptions | undefined> {
  let found: GlobalOptions | undefined;
  const noted = (options: GlobalOptions) => {
    found = options;
    return Promise.reject(new Error('noted'));
  };
  await runCli(argv, {
    terminal: recordTerminal(),
    interrupt: manualInterrupt(),
    version: '1',
    now: Date.now,
    openSession: noted,
    openKeys: noted,
    serve: noted,
  });
  return found;
}

it('takes a variable that is empty for one that is not set', async () => {
  for (const name of ['SERVER', 'REPO', 'BRANCH', 'STATE_DIR', 'API_KEY'])
    vi.stubEnv(`KOMBINATOR_${name}`, '');
  const options = await optionsOf('status');
  expect(options).toMatchObject({ repo: '.' });
  expect([options?.server, options?.branch, options?.stateDir, options?.apiKey]).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
});

it('knows whether the address of a daemon comes from the environment', async () => {
  vi.stubEnv('KOMBINATOR_SERVER', 'http://127.0.0.1:1');
  expect(await optionsOf('status')).toMatchObject({
    server: 'http://127.0.0.1:1',
    serverVariable: 'KOMBINATOR_SERVER',
  });
  const written = await optionsOf('status', '--server', 'http://127.0.0.1:2');
  expect([written?.server, written?.serverVariable]).toEqual(['http://127.0.0.1:2', undefined]);
});

it('names the variable when the address in it is wrong', () => {
  expect(() => createRemoteClient({ url: 'nowhere', option: 'KOMBINATOR_SERVER' })).toThrow(
    'KOMBINATOR_SERVER: "nowhere" is not an address',
  );
});

it('serves whatever daemon other commands of the shell ask', async () => {
  vi.stubEnv('KOMBINATOR_SERVER', 'http://127.0.0.1:1');
  expect((await optionsOf('serve'))?.server).toBeUndefined();
  expect((await optionsOf('serve', '--server', 'http://127.0.0.1:1'))?.server).toBe('http://127.0.0.1:1');
});

it('works where `npm run kombinator` was called, not at the root of the checkout', async () => {
  const called = join(directory, 'blog');
  mkdirSync(called);
  writeFileSync(join(called, 'compose.yaml'), 'services: { web: { image: "nginx:1.29" } }\n');
  const checkout = fileURLToPath(new URL('../../..', import.meta.url));
  const env = {
    ...process.env,
    INIT_CWD: called,
    npm_lifecycle_event: 'kombinator',
    npm_package_json: join(checkout, 'package.json'),
  };
  const argv = [join(checkout, 'api/cli/kombinator.mjs'), 'import', 'compose.yaml'];
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, argv, { cwd: checkout, env });
  expect(stdout).toContain('name: blog');
  const elsewhere = run(process.execPath, argv, { cwd: directory, env });
  await expect(elsewhere).rejects.toMatchObject({ code: 1 });
});
