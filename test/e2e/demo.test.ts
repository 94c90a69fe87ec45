import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { engineJson, SHORT_LIVED } from '../support/docker/docker-engine.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const ENTRY = fileURLToPath(new URL('../../deploy/demo/demo.ts', import.meta.url));
const dockerHost = workerEngine();
const socketPath = dockerHost.replace('unix://', '');

interface Demo {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the demo; `at` is called with everything written so far, to step in. */
async function runDemo(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  at: (output: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Demo> {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: { ...process.env, ...SHORT_LIVED, DOCKER_HOST: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const take = (text: string) => {
    output += text;
    at(output, (signal) => child.kill(signal));
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const [code] = await once(child, 'close');
  return { code: code as number | null, output };
}

async function leftOn(engine: string): Promise<string[]> {
  const containers = await engineJson<{ Image: string; Names: string[] }[]>(
    engine,
    'GET',
    '/containers/json?all=1',
  );
  const volumes = await engineJson<{ Volumes: { Name: string }[] | null }>(engine, 'GET', '/volumes');
  const networks = await engineJson<{ Name: string }[]>(engine, 'GET', '/networks');
  return [
    ...containers.filter(({ Image }) => Image.startsWith('kombinator-demo/')).flatMap(({ Names }) => Names),
    ...(volumes.Volumes ?? []).map(({ Name }) => Name).filter((name) => /^(hello|guestbook)_/.test(name)),
    ...networks.map(({ Name }) => Name).filter((name) => /^(hello|guestbook)_/.test(name)),
  ];
}

async function workspaces(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('kombinator-demo-'));
}

it('goes the whole way on an engine that is there, around taken ports, and leaves nothing', async () => {
  const taken = createServer().listen(18_080);
  await once(taken, 'listening').catch(() => undefined);
  const before = await workspaces();
  const { code, output } = await runDemo(['--once'], { DOCKER_HOST: dockerHost });
  taken.close();
  expect(output).toContain('port 18080 is taken, using');
  expect(output).toMatch(/hello local\/container\/web replace completed/);
  expect(output).toMatch(/Changed by a push at .*\n[^]*Changed by a push at /);
  expect(output).toContain('deploy/hello/2');
  expect(output).toContain('everything worked');
  expect(code).toBe(0);
  expect(await leftOn(socketPath)).toEqual([]);
  expect(await workspaces()).toEqual(before);
});

it('brings an engine of its own where there is none, stays up, and ends at Ctrl-C', async () => {
  const before = await workspaces();
  let answered = false;
  const { code, output } = await runDemo([], {}, (text, kill) => {
    if (answered || !text.includes('Ctrl-C stops everything')) return;
    answered = true;
    kill('SIGINT');
  });
  expect(output).toMatch(/started for this demo|using Docker Engine/);
  expect(output).toMatch(/API\s+http:\/\/127\.0\.0\.1:\d+\/api\/v1/);
  expect(code).toBe(0);
  expect(await workspaces()).toEqual(before);
});

it('cleans up after a demo that was killed', async () => {
  await runDemo(['--once'], { DOCKER_HOST: dockerHost }, (text, kill) => {
    // Its container has been made by then.
    if (/hello\/web (stopped|starting)/.test(text)) kill('SIGKILL');
  });
  expect((await leftOn(socketPath)).length).toBeGreaterThan(0);
  const { code, output } = await runDemo(['--once'], { DOCKER_HOST: dockerHost });
  expect(output).toContain('cleaned up after 1 earlier demo');
  expect(code).toBe(0);
  expect(await leftOn(socketPath)).toEqual([]);
});

it('says in one sentence what is missing', async () => {
  const { code, output } = await runDemo(['--once'], { DOCKER_HOST: 'unix:///nonexistent.sock' });
  expect(code).toBe(1);
  expect(output).toContain(
    'The demo failed: the engine named by DOCKER_HOST=unix:///nonexistent.sock does not answer',
  );
});
