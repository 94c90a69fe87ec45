import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Kombinator, KombinatorOptions } from '../../../reconciler/index.ts';
import { createKombinator } from '../../../reconciler/index.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import { commitFiles, createWorkRepo } from '../../support/git/git-repo.ts';

interface Opened extends AsyncDisposable {
  open(host: string, more?: Partial<KombinatorOptions>): Promise<Kombinator>;
}

/** A repository of this machine, and a state directory with one secret in it. */
async function prepare(): Promise<Opened> {
  await using stack = new AsyncDisposableStack();
  const stateDir = await mkdtemp(join(tmpdir(), 'kombinator-host-'));
  stack.defer(() => rm(stateDir, { recursive: true, force: true }));
  const repo = stack.use(await createWorkRepo());
  await commitFiles(repo, { 'kombinator.yaml': 'version: "1.0"\n' }, 'settings');
  await mkdir(join(stateDir, 'secrets'), { recursive: true });
  await writeFile(join(stateDir, 'secrets', 'hook'), 'sesame\n', { mode: 0o600 });
  const config = join(stateDir, 'operator.yaml');
  const kept = stack.move();
  return {
    async open(host, more = {}) {
      await writeFile(config, `git: { host: { ${host} } }\n`);
      const logger = createQuietLogger();
      return createKombinator({ repo: repo.path, stateDir, config, logger, env: {}, ...more });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const COMPLETE = 'kind: gitea, api: "https://git.example.org/api/v1", repository: acme/config';

it('a daemon knows its host, and looks the secret of its hooks up as it is at the moment', async () => {
  await using world = await prepare();
  await using kombinator = await world.open(
    `${COMPLETE}, webhook: { secret: secret://file/hook }, confirm: [ada]`,
  );
  const setup = kombinator.gitHost();
  expect([setup?.host.kind, setup?.host.address]).toEqual(['gitea', 'https://git.example.org/acme/config']);
  expect(setup?.settings).toMatchObject({ confirm: ['ada'], pulls: { plan: true, forks: false } });
  expect(setup?.hookSecret?.resolve().reveal()).toBe('sesame');
  expect(kombinator.reconciler.repository().host).toEqual({
    kind: 'gitea',
    address: 'https://git.example.org/acme/config',
  });
});

it.each(['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket'])(
  'a host of the kind %s is opened',
  async (kind) => {
    await using world = await prepare();
    await using kombinator = await world.open(COMPLETE.replace('gitea', kind));
    expect(kombinator.gitHost()).toMatchObject({ host: { kind }, hookSecret: null });
  },
);

it('a daemon does not start with a host that cannot be told; one command works, and says so when it is asked', async () => {
  await using world = await prepare();
  await expect(world.open('kind: gitea')).rejects.toMatchObject({
    code: 'BAD_OPTIONS',
    message: expect.stringContaining('git.host.repository'),
  });
  await using command = await world.open('kind: gitea', { ephemeral: true });
  expect(command.reconciler.repository().host).toBeUndefined();
  expect(() => command.gitHost()).toThrow('git.host.repository');
});
