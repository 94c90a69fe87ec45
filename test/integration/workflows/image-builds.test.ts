import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildEvent, Kombinator, NewBuild } from '../../../reconciler/index.ts';
import { createKombinator } from '../../../reconciler/index.ts';
import { ADA, WORKFLOW } from '../../support/builds/builds-rig.ts';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { engineJson } from '../../support/docker/docker-engine.ts';
import type { RegistryServer } from '../../support/docker/registry-server.ts';
import { startRegistry } from '../../support/docker/registry-server.ts';
import { buildTestImage } from '../../support/docker/test-image.ts';
import { workerEngine } from '../../support/docker/worker-engine.ts';
import { eventually } from '../../support/eventually.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import type { GitServer } from '../../support/git/git-server.ts';
import { startGitServer } from '../../support/git/git-server.ts';

const run = promisify(execFile);
const NEVER = new AbortController().signal;
const GIT_PASSWORD = 'git-pass-word-7';
const DOCKERFILE = `FROM scratch
COPY busybox /bin/sh
ARG VERSION
ARG TOKEN
COPY app /app
RUN ["/bin/sh", "-c", "echo version is $VERSION with $TOKEN; echo $VERSION >> /app/version"]
CMD ["/bin/sh"]
`;
const SLOW = `FROM scratch
COPY busybox /bin/sh
COPY busybox /bin/sleep
RUN ["/bin/sh", "-c", "echo it sleeps; sleep 300"]
`;

describe('an image out of a Git repository, on a real engine', () => {
  let registry: RegistryServer;
  let sources: TestRepository;
  let config: TestRepository;
  let server: GitServer;
  let kombinator: Kombinator;
  let host: string;
  let operator: string;

  const docker = async (...args: string[]) =>
    (
      await run('docker', args, { env: { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: registry.root } })
    ).stdout.trim();
  const images = () =>
    engineJson<readonly { readonly RepoTags: readonly string[] | null }[]>(
      host.replace('unix://', ''),
      'GET',
      '/images/json',
    );
  const names = async () => (await images()).flatMap(({ RepoTags }) => RepoTags ?? []);

  const secrets = () => ({
    ...process.env,
    KOMBINATOR_SECRET_REGISTRY: registry.password,
    KOMBINATOR_SECRET_GIT: GIT_PASSWORD,
  });

  beforeAll(async () => {
    host = workerEngine();
    registry = await startRegistry();
    sources = await createBareRepo();
    const busybox = { mode: '100755', content: await readFile('/bin/busybox') } as const;
    await commitFiles(
      sources,
      {
        Dockerfile: DOCKERFILE,
        Slow: SLOW,
        busybox,
        'app/version': 'v\n',
        'app/secret': 's',
        '.dockerignore': 'app/secret\n',
      },
      'an app',
    );
    server = await startGitServer({
      repository: sources.path,
      auth: { username: 'ci', password: GIT_PASSWORD },
    });
    config = await createBareRepo();
    const registries = `registries: [{ host: "${registry.host}", username: ci, password: secret://env/REGISTRY }]\n`;
    await commitFiles(config, { 'kombinator.yaml': registries, 'workflows/shop.yaml': WORKFLOW }, 'begin');
    operator = join(registry.root, 'operator.yaml');
    const place = new URL(server.url).origin;
    await writeFile(
      operator,
      `policy: { allow: { registries: ["*"] } }
engines: { builder: { host: "${host}" } }
builds: { engine: builder, sources: [{ url: "${place}/", username: ci, password: secret://env/GIT }] }
`,
    );
    kombinator = await createKombinator({
      repo: config.path,
      stateDir: join(registry.root, 'state'),
      config: operator,
      logger: createQuietLogger(),
      env: secrets(),
      ephemeral: true,
    });
    await kombinator.reconciler.refresh(NEVER);
  });
  afterAll(async () => {
    await kombinator?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await sources?.[Symbol.asyncDispose]();
    await config?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  const start = (more: Partial<NewBuild> = {}) =>
    kombinator.reconciler.startBuild(
      {
        repository: server.url,
        registry: kombinator.reconciler.listRegistries()[0]?.id ?? '',
        imageName: 'team/app',
        ...more,
      },
      ADA,
      NEVER,
    );
  const follow = async (id: string): Promise<readonly BuildEvent[]> => {
    const events: BuildEvent[] = [];
    for await (const event of kombinator.reconciler.followBuild(id, NEVER)) events.push(event);
    return events;
  };

  it('is cloned, built, pushed, can be pulled, and is given to a workflow', async () => {
    const reference = `${registry.host}/team/app:1.4`;
    const args = { VERSION: 'v1.4', TOKEN: 'swordfish-token' };
    const { id } = await start({ tag: '1.4', args, stack: 'shop' });
    const events = await follow(id);
    const build = kombinator.reconciler.getBuild(id);
    expect(build).toMatchObject({
      status: 'completed',
      error: null,
      image: reference,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
    });
    expect(build.size).toBeGreaterThan(100_000);
    const lines = events.flatMap((event) => (event.type === 'log' ? [event.log.message] : []));
    expect(lines.join('\n')).toContain('version is *** with ***');
    expect(JSON.stringify(events)).not.toMatch(/swordfish|pass-word/);
    // Nothing of it is left on the engine, nor of the repository on this machine.
    const isOurs = (name: string) =>
      /kombinator-build/.test(name) || name.startsWith(`${registry.host}/team/app`);
    expect((await names()).filter(isOurs)).toEqual([]);
    expect(await readdir(join(registry.root, 'state', 'builds', 'sources'))).toEqual([]);
    await docker('login', registry.host, '-u', registry.username, '-p', registry.password);
    await docker('pull', '--quiet', `${reference}@${build.digest}`);
    const shown = await docker(
      'run',
      '--rm',
      `${reference}@${build.digest}`,
      '/bin/sh',
      '-c',
      'while read l; do echo $l; done < /app/version; echo /app/*',
    );
    expect(shown.split('\n')).toEqual(['v', 'v1.4', '/app/version']);
    const text = await git(config.path, 'show', 'main:workflows/shop.yaml');
    expect(text.match(new RegExp(`${reference}@${build.digest}`, 'g'))).toHaveLength(2);
    expect(text).toContain('# the web page');
    expect(await git(config.path, 'log', '-1', '--format=%an %s', 'main')).toBe(
      'Ada Update the image of shop',
    );
    await docker('rmi', '-f', `${reference}@${build.digest}`);
  });

  it('leaves alone what had its name on the engine', async () => {
    const reference = `${registry.host}/team/app:taken`;
    const before = await buildTestImage(host, reference, { files: { '/etc/who': 'somebody else' } });
    const { id } = await start({ tag: 'taken' });
    await follow(id);
    expect(kombinator.reconciler.getBuild(id)).toMatchObject({ status: 'completed' });
    expect(await docker('image', 'inspect', '--format', '{{.Id}}', reference)).toBe(before);
    await docker('rmi', '-f', reference);
  });

  it('that is called off ends on the engine, too', async () => {
    const { id } = await start({ dockerfile: 'Slow' });
    const begun = () =>
      kombinator.reconciler.buildLog(id).some(({ message }) => message.includes('it sleeps'));
    expect(await eventually(begun, Boolean)).toBe(true);
    expect(await kombinator.reconciler.cancelBuild(id)).toMatchObject({ status: 'cancelled' });
    expect((await names()).filter((name) => name.startsWith('kombinator-build'))).toEqual([]);
  });

  it('is built by the command, and ended by the next process where that is killed in the middle', async () => {
    await using cli = await createCliProcess(secrets());
    const stateDir = join(registry.root, 'killed');
    const places = ['--repo', config.path, '--state-dir', stateDir, '--config', operator];
    const argv = ['build', server.url, '--registry', registry.host, '--image', 'team/app', ...places];
    const built = await cli.run(...argv, '--tag', 'command');
    expect(built.stdout).toContain('Pushing image (75 %)');
    expect(built.stdout).toMatch(new RegExp(`✓ ${registry.host}/team/app:command sha256:[0-9a-f]{64}\n$`));
    expect([built.code, built.stderr]).toEqual([0, '']);

    await using running = cli.start(...argv, '--dockerfile', 'Slow');
    await eventually(
      () => running.stdout(),
      (text) => text.includes('it sleeps'),
    );
    running.child.kill('SIGKILL');
    await running.ended;
    const options = {
      repo: config.path,
      stateDir,
      config: operator,
      logger: createQuietLogger(),
      env: secrets(),
    };
    await using next = await createKombinator({ ...options, ephemeral: true, exclusive: true });
    const [open] = next.store.listOpenBuilds();
    expect(open).toMatchObject({ status: 'building', dockerfile: 'Slow' });
    await next.reconciler.start();
    expect(
      await eventually(
        () => next.store.listOpenBuilds(),
        ({ length }) => length === 0,
      ),
    ).toEqual([]);
    expect(next.store.getBuild(open?.id ?? '')).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('interrupted') as string,
    });
    expect(
      await eventually(
        () => existsSync(join(stateDir, 'builds', 'sources')),
        (there) => !there,
      ),
    ).toBe(false);
    expect((await names()).filter((name) => name.startsWith('kombinator-build'))).toEqual([]);
  });

  it('says what is wrong: the step, the registry, the Git server', async () => {
    await commitFiles(sources, { Broken: 'FROM scratch\nRUN ["/nothing"]\n' }, 'broken');
    const broken = await start({ dockerfile: 'Broken' });
    await follow(broken.id);
    expect(kombinator.reconciler.getBuild(broken.id)).toMatchObject({
      status: 'failed',
      errorStage: 'build',
      error: expect.stringMatching(/^the image could not be built at step .*\/nothing/) as string,
    });
    const gone = await start({ repository: `${new URL(server.url).origin}/gone.git` });
    await follow(gone.id);
    expect(kombinator.reconciler.getBuild(gone.id)).toMatchObject({ status: 'failed', errorStage: 'clone' });
    expect(kombinator.reconciler.getBuild(gone.id).error).not.toContain(GIT_PASSWORD);
  });
});
