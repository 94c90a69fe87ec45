import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCliProcess, type CliProcess } from '../../support/cli/cli-process.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { commitFiles, createBareRepo, type TestRepository } from '../../support/git/git-repo.ts';

/*
 * State of the previous release: what its daemon left behind after it had deployed two stacks, failed at a change of one, and stopped the other, as
 * SQL, and the keys of its API.
 */
const RELEASE = fileURLToPath(new URL('../../support/releases/0.1.0.sql', import.meta.url));
const ADMIN_KEY = 'kbn_dRO_W3HoTCNyI-FZUw7VywHOTUfv0SRzxh1al1bttac';
const KEY = 'kbn_AVhXrwtsejWf-fqfzIsY1JzdbsiDga9wsf8oADcJ82Q';
const describeStack = (name: string): string =>
  `version: "1.0"\nmeta: { name: ${name} }\nservices: { web: { image: release/busybox:1, env: { DB_PASSWORD: "secret://file/db" } } }\n`;

const exec = promisify(execFile);
let home: string;
let stateDir: string;
let repository: TestRepository;
let cli: CliProcess;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'kombinator-upgrade-'));
  stateDir = join(home, 'state');
  mkdirSync(join(stateDir, 'secrets'), { recursive: true, mode: 0o700 });
  using database = new DatabaseSync(join(stateDir, 'kombinator.db'));
  database.exec(readFileSync(RELEASE, 'utf8'));
  for (const [file, text] of [
    ['secrets/db', 'sesame\n'],
    ['admin.key', `${ADMIN_KEY}\n`],
  ] as const) {
    writeFileSync(join(stateDir, file), text);
    chmodSync(join(stateDir, file), 0o600);
  }
  repository = await createBareRepo();
  const files = {
    'shop/kombination.yaml': describeStack('shop'),
    'blog/kombination.yaml': describeStack('blog'),
  };
  await commitFiles(repository, files, 'Describe shop and blog');
  // No engine is needed to read what was kept.
  cli = await createCliProcess({ DOCKER_HOST: `unix://${home}/none.sock` });
});
afterEach(async () => {
  await cli[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const at = (directory: string) => ['--repo', repository.path, '--state-dir', directory];
const versionOf = (directory: string): unknown => {
  using database = new DatabaseSync(join(directory, 'kombinator.db'), { readOnly: true });
  return database.prepare('PRAGMA user_version').get()?.['user_version'];
};
const jobsOf = async (directory: string) => {
  const { code, stdout } = await cli.run('jobs', '--json', ...at(directory));
  expect(code).toBe(0);
  return (
    JSON.parse(stdout) as {
      jobs: { id: string; stack: string; type: string; status: string; tag: string | null }[];
    }
  ).jobs;
};

describe('the state directory of the release before', () => {
  it('is copied, read by this version with all that was in it, and still what it was in the copy', async () => {
    const copy = join(home, 'copy');
    await exec('cp', ['-a', stateDir, copy]);
    const jobs = await jobsOf(stateDir);
    expect(jobs.map(({ stack, type, status, tag }) => [stack, type, status, tag])).toEqual([
      ['shop', 'stop', 'completed', null],
      ['blog', 'apply', 'failed', null],
      ['shop', 'apply', 'completed', 'deploy/shop/2'],
      ['shop', 'apply', 'completed', 'deploy/shop/1'],
      ['blog', 'apply', 'completed', 'deploy/blog/1'],
    ]);
    const failed = await cli.run('jobs', jobs[1]?.id ?? '', ...at(stateDir));
    expect(failed.stdout).toContain('keeps restarting: exited with 1');
    expect((await cli.run('keys', 'list', ...at(stateDir))).stdout).toMatch(
      /\tci\tdeployer\t[^]*\tadmin\tadmin\t/,
    );
    expect(Number(versionOf(stateDir))).toBeGreaterThan(4);

    expect(versionOf(copy)).toBe(4);
    expect(statSync(join(copy, 'admin.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(copy, 'secrets/db'), 'utf8')).toBe('sesame\n');
    // Put back, it is what it was: an upgrade may be tried again.
    rmSync(stateDir, { recursive: true });
    cpSync(copy, stateDir, { recursive: true, preserveTimestamps: true });
    expect(await jobsOf(stateDir)).toEqual(jobs);
  });

  it('is what a daemon of this version starts from: its keys are taken, and a stack that was stopped stays so', async () => {
    const port = await freePort();
    const listen = `127.0.0.1:${port}`;
    await using daemon = cli.start('serve', ...at(stateDir), '--listen', listen);
    const ask = async (path: string, key: string) =>
      fetch(`http://${listen}/api/v1${path}`, { headers: { 'X-API-KEY': key } });
    const answer = await eventually(
      () => ask('/stacks/shop', KEY).catch(() => null),
      (response) => response?.status === 200,
      20_000,
    );
    expect(answer?.status, daemon.stderr()).toBe(200);
    expect((await ask('/stacks', ADMIN_KEY)).status).toBe(200);
    expect((await ask('/stacks', `${KEY}x`)).status).toBe(401);
    const history = (await (await ask('/jobs?stack_id=shop&type=stop', KEY)).json()) as { jobs: object[] };
    expect(history.jobs).toMatchObject([{ status: 'completed', type: 'stop' }]);
    using database = new DatabaseSync(join(stateDir, 'kombinator.db'), { readOnly: true });
    const [stopped] = database.prepare("SELECT stopped FROM stacks WHERE stack = 'shop'").all();
    expect(stopped?.['stopped']).toContain('local/container/web');
  });

  it('is copied beside a running daemon as SQLite copies it', async () => {
    const port = await freePort();
    await using _daemon = cli.start('serve', ...at(stateDir), '--listen', `127.0.0.1:${port}`);
    const live = await eventually(
      () => fetch(`http://127.0.0.1:${port}/api/v1/health/live`).catch(() => null),
      (response) => response?.ok === true,
      20_000,
    );
    expect(live?.ok).toBe(true);
    const copy = join(home, 'copy');
    mkdirSync(copy, { mode: 0o700 });
    {
      using database = new DatabaseSync(join(stateDir, 'kombinator.db'), { readOnly: true });
      database.exec(`VACUUM INTO '${join(copy, 'kombinator.db')}'`);
    }
    expect((await jobsOf(copy)).filter(({ type }) => type === 'stop')).toHaveLength(1);
  });
});
