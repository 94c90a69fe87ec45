import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeys, openSession } from '../../../api/cli/context.ts';
import { userStateDirectory } from '../../../api/cli/options.ts';
import { chooseStateDirectory } from '../../../api/cli/session/state-directory.ts';
import type { StateUser } from '../../../api/cli/session/state-directory.ts';
import { serve } from '../../../api/cli/serve.ts';
import { createKombinator } from '../../../reconciler/index.ts';
import { manualInterrupt, recordTerminal } from '../../support/cli/cli-harness.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { commitFiles, createBareRepo, createWorkRepo, git } from '../../support/git/git-repo.ts';

let root: string;
let env: NodeJS.ProcessEnv;
let before: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'kombinator-state-')));
  env = { HOME: join(root, 'home') };
  before = process.cwd();
});

afterEach(() => {
  process.chdir(before);
  rmSync(root, { recursive: true });
});

const choose = (repo: string, stateDir?: string, user: StateUser = 'daemon') =>
  chooseStateDirectory({ repo, ...(stateDir !== undefined && { stateDir }) }, user, env);

/** A checkout with a state directory that came with a commit, as an attacker would have it. */
async function checkoutWith(files: Readonly<Record<string, string>>) {
  const repo = await createWorkRepo();
  await commitFiles(repo, files, 'first');
  await git(repo.path, 'reset', '-q', '--hard');
  return repo;
}

describe('a state directory that commits can write into', () => {
  const files = { '.kombinator/admin.key': 'kombi_known\n', '.kombinator/secrets.yaml': 'commands: {}\n' };

  it('is refused by the daemon, by every command and by the library', async () => {
    await using repo = await checkoutWith(files);
    const stateDir = join(repo.path, '.kombinator');
    const options = { repo: repo.path, stateDir, color: false };
    const terminal = recordTerminal({ env });
    const refused = { code: 'BAD_OPTIONS', message: expect.stringContaining('(.kombinator/admin.key)') };

    const opened = openSession(options, { purpose: 'read', command: 'plan', terminal });
    await expect(opened).rejects.toMatchObject(refused);
    const applying = openSession(options, { purpose: 'apply', command: 'apply', terminal });
    await expect(applying).rejects.toMatchObject(refused);
    await expect(openKeys(options, terminal)).rejects.toMatchObject(refused);
    const flags = {
      listen: '127.0.0.1:0',
      poll: '1m',
      auth: true,
      ui: false,
      logLevel: 'error',
      logFormat: 'json',
    } as const;
    const serving = serve({ options, flags, terminal, interrupt: manualInterrupt() });
    await expect(serving).rejects.toMatchObject(refused);
    const library = createKombinator({ ...options, env: {}, logger: createQuietLogger() });
    await expect(library).rejects.toMatchObject(refused);
    expect(existsSync(join(stateDir, 'kombinator.db'))).toBe(false);
    expect(existsSync(join(stateDir, 'lock.db'))).toBe(false);
  });

  it('is not what the daemon takes by itself in a checkout that carries one', async () => {
    await using repo = await checkoutWith({ ...files, '.kombinator/kombinator.db': 'x' });
    process.chdir(repo.path);
    expect(await choose('.')).toBe(userStateDirectory('.', env));
  });

  it.each([
    ['there is nothing in it yet', 'state'],
    ['it is the repository itself', '.'],
    ['it is not there, nor is what is above it', 'a/b/c'],
  ])('is refused when %s', async (_when, path) => {
    await using repo = await checkoutWith({ 'x.yaml': 'a: 1\n' });
    const error = await choose(repo.path, join(repo.path, path)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'BAD_OPTIONS',
      message: expect.stringMatching(
        /lies in .*a work tree of the watched repository|has files that Git tracks/,
      ),
      hint: 'name another directory with --state-dir (KOMBINATOR_STATE_DIR)',
    });
  });

  it('is refused by its real path, and when it is a tracked symlink', async () => {
    await using repo = await checkoutWith({ 'x.yaml': 'a: 1\n' });
    symlinkSync(repo.path, join(root, 'link'));
    await expect(choose(repo.path, join(root, 'link', 'state'))).rejects.toThrow('lies in');
    await expect(choose(join(root, 'link'), join(repo.path, 'state'))).rejects.toThrow('lies in');

    mkdirSync(join(root, 'elsewhere'));
    symlinkSync(join(root, 'elsewhere'), join(repo.path, 'led'));
    expect(await choose(repo.path, join(repo.path, 'led'))).toBe(join(repo.path, 'led'));
    await git(repo.path, 'add', 'led');
    await expect(choose(repo.path, join(repo.path, 'led'))).rejects.toThrow('tracks');
  });

  it('is refused in every work tree of the repository, and in a clone that tracks it', async () => {
    await using repo = await createBareRepo();
    await commitFiles(repo, files, 'first');
    execFileSync('git', ['-C', repo.path, 'worktree', 'add', '-q', join(root, 'linked')]);
    await expect(choose(repo.path, join(root, 'linked', 'new'))).rejects.toThrow('lies in');
    execFileSync('git', ['clone', '-q', repo.path, join(root, 'clone')]);
    await expect(choose(repo.path, join(root, 'clone', '.kombinator'))).rejects.toThrow('tracks');
    await expect(choose('https://example.org/x.git', join(root, 'clone', '.kombinator'))).rejects.toThrow(
      'tracks',
    );
    expect(await choose(repo.path, join(root, 'clone', 'untracked'))).toMatch(/untracked$/);
  });
});

it('an operator’s configuration is refused where commits write it, and nowhere else', async () => {
  await using repo = await checkoutWith({ 'operator.yaml': 'policy: { allow: everything }\n' });
  await using other = await checkoutWith({ 'operator.yaml': 'policy: { allow: everything }\n' });
  writeFileSync(join(repo.path, 'untracked.yaml'), '');
  symlinkSync(join(root, 'outside.yaml'), join(repo.path, 'led.yaml'));
  await git(repo.path, 'add', 'led.yaml');
  writeFileSync(join(root, 'outside.yaml'), '');
  symlinkSync(join(repo.path, 'operator.yaml'), join(root, 'in.yaml'));
  const open = async (config: string): Promise<void> => {
    const options = { repo: repo.path, stateDir: join(root, 'state'), env, logger: createQuietLogger() };
    const kombinator = await createKombinator({ ...options, config });
    await kombinator[Symbol.asyncDispose]();
  };
  const refused = {
    code: 'BAD_OPTIONS',
    message: expect.stringContaining('of the watched repository') as string,
  };
  for (const config of [join(repo.path, 'operator.yaml'), join(repo.path, 'led.yaml'), join(root, 'in.yaml')])
    await expect(open(config)).rejects.toMatchObject(refused);
  for (const config of [
    join(repo.path, 'untracked.yaml'),
    join(root, 'outside.yaml'),
    join(other.path, 'operator.yaml'),
  ])
    await open(config);
});

describe('without --state-dir', () => {
  it('the daemon and every command have the same directory, outside of the repository', async () => {
    const places = [await choose('/srv/config.git'), await choose('/srv/config.git', undefined, 'command')];
    expect(new Set(places)).toEqual(new Set([userStateDirectory('/srv/config.git', env)]));
  });

  it('a daemon whose state an earlier version kept in the current directory is told how to move it', async () => {
    await using repo = await checkoutWith({ 'x.yaml': 'a: 1\n' });
    process.chdir(repo.path);
    mkdirSync('.kombinator');
    writeFileSync('.kombinator/kombinator.db', '');
    writeFileSync('.kombinator/admin.key', 'ours');
    const earlier = join(realpathSync(repo.path), '.kombinator');
    const usual = userStateDirectory('.', env);
    for (const user of ['daemon', 'command'] as const) {
      await expect(choose('.', undefined, user)).rejects.toMatchObject({
        code: 'BAD_OPTIONS',
        message: expect.stringMatching(`(?=.*${earlier})(?=.*${usual})`),
        hint: `stop the daemon, then: mkdir -p ${dirname(usual)} && mv ${earlier} ${usual}`,
      });
    }
    // Named as it was before, it is refused with the same way out.
    await expect(choose('.', '.kombinator')).rejects.toMatchObject({
      hint: expect.stringContaining(`mv ${earlier} ${usual}`),
    });

    execFileSync('sh', ['-c', `mkdir -p ${dirname(usual)} && mv ${earlier} ${usual}`]);
    expect(await choose('.')).toBe(usual);
  });

  it('a history of single commands at the new place does not hide that of the daemon', async () => {
    process.chdir(root);
    mkdirSync('.kombinator');
    writeFileSync('.kombinator/kombinator.db', '');
    const usual = userStateDirectory('/srv/config.git', env);
    mkdirSync(usual, { recursive: true });
    writeFileSync(join(usual, 'kombinator.db'), '');
    expect(await choose('/srv/config.git', undefined, 'command')).toBe(usual);
    const error = await choose('/srv/config.git').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      hint: `stop the daemon, then: mv ${usual} ${usual}.before && mv ${root}/.kombinator ${usual}, or keep it where it is with --state-dir ${root}/.kombinator`,
    });
    expect(await choose('/srv/config.git', '.kombinator')).toBe(join(root, '.kombinator'));
    writeFileSync(join(usual, 'admin.key'), 'of a daemon');
    expect(await choose('/srv/config.git')).toBe(usual);
  });
});
