import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { speaks } from '../../reconciler/adapters/docker/engine/transport.ts';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import type { Change } from '../../reconciler/plan/plan.ts';
import { kombination } from '../support/desired-fixtures.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';
import { startGitServer } from '../support/git/git-server.ts';
import type { MemoryFiles } from '../support/memory/memory-source.ts';
import type { Rig } from '../support/reconciler-rig.ts';
import { createRig } from '../support/reconciler-rig.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';

const run = promisify(execFile);
const START = 120_000;
const SIGNAL = new AbortController().signal;

const DOCKERFILE = `FROM scratch
COPY busybox /bin/sh
COPY busybox /bin/sleep
ARG GREETING=none
ENV GREETING=$GREETING
COPY files /files
CMD ["/bin/sh", "-c", "trap exit TERM; sleep 1000 & wait"]
`;

describe('an image of the repository', () => {
  let engine: DockerEngine;
  let busybox: Buffer;
  const rigs: Rig[] = [];
  beforeAll(async () => {
    engine = await startDockerEngine();
    busybox = await readFile('/bin/busybox');
  }, START);
  afterAll(async () => {
    for (const rig of rigs) await rig[Symbol.asyncDispose]();
    await engine?.stop();
  }, START);

  const docker = async (...args: string[]) =>
    (await run('docker', args, { env: { ...process.env, DOCKER_HOST: engine.host } })).stdout.trim();

  /** A repository with one stack; pushes and applies as a person would. */
  function open(stack: string, secrets: Readonly<Record<string, string>> = {}) {
    const rig = createRig({
      secrets,
      createTarget: ({ name }) =>
        createDockerTarget({
          name,
          connection: { type: 'unix', path: engine.socketPath },
          clock: realClock,
          logger: silentLogger,
        }),
      clock: realClock,
    });
    rigs.push(rig);
    const push = (files: MemoryFiles) => {
      rig.source.pushWrites(
        Object.entries(files).map(([path, content]) => {
          const type = content === busybox ? 'executable' : 'file';
          return { path: `kombinations/${stack}/${path}`, content, type } as const;
        }),
      );
      return rig.reconciler.refresh(SIGNAL);
    };
    const plan = async () => {
      const { plan: found } = await rig.reconciler.plan({ stack, actor: null, trigger: 'cli' }, SIGNAL);
      return found.changes.filter(({ action }) => action !== 'no-op').map(brief);
    };
    const apply = async () => {
      const job = await rig.reconciler.apply({ stack, actor: null, trigger: 'cli' }, SIGNAL);
      return rig.reconciler.waitForJob(job.id, AbortSignal.timeout(60_000));
    };
    const images = async () =>
      (await docker('images', '--format', '{{.Repository}}:{{.Tag}}', `${stack}-*`))
        .split('\n')
        .filter(Boolean);
    return { rig, push, plan, apply, images };
  }

  const brief = ({ action, kind, name, cause }: Change) =>
    `${action} ${kind} ${name.replace(/:[0-9a-f]{12}$/, ':?')}: ${cause}`;

  it(
    'is built from the revision, once for each content, and leaves when nothing uses it',
    async () => {
      const { push, plan, apply, images } = open('shop');
      const text = kombination(
        'shop',
        'web: { build: { context: app, args: { GREETING: hi } }, image: "named:1" }',
      );
      await push({
        'kombination.yaml': text,
        'app/Dockerfile': DOCKERFILE,
        'app/busybox': busybox,
        'app/files/a': 'one',
        'app/files/skipped.log': 'x',
        'app/.dockerignore': '**/*.log\n',
      });
      expect(await plan()).toEqual(
        [
          'create network default: not found',
          'create image shop-web:?: not found',
          'create container web: not found',
        ].sort((a, b) => (a.includes('container') ? 1 : b.includes('container') ? -1 : a < b ? -1 : 1)),
      );
      const first = await apply();
      expect(first.job.status).toBe('completed');
      expect(first.logs.map(({ message }) => message).join('\n')).toContain('[1/3] COPY busybox /bin/sh');
      expect(
        await docker(
          'exec',
          'shop-web-1',
          '/bin/sh',
          '-c',
          'echo $GREETING; cd /files; echo *; read a < a; echo $a',
        ),
      ).toBe('hi\na\none');
      const [built = ''] = await images();
      expect(await docker('inspect', '-f', '{{.Config.Image}}', 'shop-web-1')).toBe(built);
      expect(await docker('inspect', '-f', '{{.Id}}', 'named:1')).toBe(
        await docker('inspect', '-f', '{{.Id}}', built),
      );

      expect(await plan()).toEqual([]);
      await push({ 'app/files/skipped.log': 'y', notes: 'z' });
      expect(await plan()).toEqual([]);

      await push({ 'app/files/a': 'two' });
      expect(await plan()).toEqual([
        'create image shop-web:?: context changed',
        'replace container web: image changed',
        'delete image shop-web:?: no longer described',
      ]);
      expect((await apply()).job.status).toBe('completed');
      expect(await docker('exec', 'shop-web-1', '/bin/sh', '-c', 'read a < /files/a; echo $a')).toBe('two');
      expect(await images()).toHaveLength(1);
      expect(await images()).not.toContain(built);
      expect(await plan()).toEqual([]);
    },
    START,
  );

  it(
    'that cannot be built says at which step, with its last words, and leaves what runs alone',
    async () => {
      const { push, apply, images } = open('broken');
      const text = kombination('broken', 'web: { build: { context: ., args: { API_TOKEN: hush-hush } } }');
      await push({ 'kombination.yaml': text, Dockerfile: DOCKERFILE, busybox, 'files/a': 'one' });
      expect((await apply()).job.status).toBe('completed');
      const before = await images();
      await push({ Dockerfile: `${DOCKERFILE}ARG API_TOKEN\nRUN echo "lost $API_TOKEN"; exit 3\n` });
      const { job, logs } = await apply();
      expect(job).toMatchObject({ status: 'failed', error: { code: 'BUILD_FAILED' } });
      expect(job.error?.message).toContain(
        '(kombinations/broken/kombination.yaml:4) could not be built at step 4/4 : RUN echo',
      );
      expect(job.error?.message).toContain('exit code: 3');
      expect(job.error?.message).toContain('last output: lost ***');
      expect(JSON.stringify([job, logs])).not.toContain('hush-hush');
      expect(await docker('inspect', '-f', '{{.State.Running}}', 'broken-web-1')).toBe('true');
      expect(await images()).toEqual(before);
    },
    START,
  );

  it(
    'is built with what only BuildKit knows; its steps see secrets, and nobody else does',
    async () => {
      const { push, plan, apply, images } = open('kit', { 'secret://file/token': 'hush-hush\n' });
      const text = `${kombination('kit', 'web: { build: { context: ., secrets: [{ source: token, target: the-token }] } }')}
secrets: { token: { secret: "secret://file/token" } }
`;
      // The wait is longer than what an engine waits for somebody who has gone.
      const dockerfile = `FROM scratch AS tools
COPY busybox /bin/sh
COPY busybox /bin/sleep
FROM tools AS made
RUN --mount=type=cache,target=/cache sleep 3; echo kept > /cache/a
RUN --mount=type=cache,target=/cache --mount=type=secret,id=the-token \\
  read a < /cache/a; read t < /run/secrets/the-token; echo "it is $t"; echo "$a \${#t}" > /made
FROM tools
COPY --from=made /made /made
CMD ["/bin/sh", "-c", "trap exit TERM; sleep 1000 & wait"]
`;
      await push({ 'kombination.yaml': text, Dockerfile: dockerfile, busybox });
      const { job, logs } = await apply();
      expect(job).toMatchObject({ status: 'completed', error: null });
      expect(await docker('exec', 'kit-web-1', '/bin/sh', '-c', 'read a < /made; echo $a')).toBe('kept 9');
      const told = logs.map(({ message }) => message).join('\n');
      expect(told).toContain('it is ***');
      expect(told).not.toContain('hush-hush');
      const [built = ''] = await images();
      expect(await docker('history', '--no-trunc', built)).not.toContain('hush-hush');
      expect(await plan()).toEqual([]);
    },
    START,
  );

  it(
    'has the settings that an older BuildKit would pass over: there the classic builder makes it',
    async () => {
      const { push, apply } = open('classic');
      const text = kombination('classic', 'web: { build: { context: ., shm_size: 70m } }');
      const dockerfile = `${DOCKERFILE}RUN while read line; do case "$line" in *" /dev/shm "*) echo "$line";; esac; done < /proc/mounts\n`;
      await push({ 'kombination.yaml': text, Dockerfile: dockerfile, busybox, 'files/a': 'one' });
      const { job, logs } = await apply();
      expect(job).toMatchObject({ status: 'completed', error: null });
      const told = logs.map(({ message }) => message).join('\n');
      const { ApiVersion } = await engineJson<{ ApiVersion: string }>(engine.socketPath, 'GET', '/version');
      const step = speaks(ApiVersion, '1.42') ? '[1/4] COPY' : 'Step 2/10 : COPY';
      expect(told).toContain(`${step} busybox /bin/sh`);
      expect(told).toContain(`size=${70 * 1024}k`);
    },
    START,
  );

  it(
    'may come from a Git server, and says in which line what cannot be fetched',
    async () => {
      await using repository = await createBareRepo();
      await using server = await startGitServer({ repository: repository.path });
      const content = { busybox: { content: busybox, mode: '100755' }, Dockerfile: DOCKERFILE } as const;
      const below = Object.entries({ ...content, 'files/a': 'below' }).map(
        ([path, one]) => [`app/${path}`, one] as const,
      );
      await commitFiles(repository, { ...content, 'files/a': 'root', ...Object.fromEntries(below) }, 'first');
      const { push, plan, apply, images } = open('far');
      const services = (ref: string) =>
        kombination(
          'far',
          `web: { build: "${server.url}#main" }`,
          `app: { build: { context: "${server.url}#${ref}", args: { GREETING: hi } } }`,
        );
      await push({ 'kombination.yaml': services('main:app') });
      expect((await apply()).job).toMatchObject({ status: 'completed', error: null });
      const read = (service: string) =>
        docker('exec', `far-${service}-1`, '/bin/sh', '-c', 'read a < /files/a; echo $a $GREETING');
      expect([await read('web'), await read('app')]).toEqual(['root none', 'below hi']);
      expect(await images()).toHaveLength(2);
      expect(await plan()).toEqual([]);

      await push({ 'kombination.yaml': services('gone:app') });
      expect((await apply()).job).toMatchObject({
        status: 'failed',
        error: {
          code: 'BUILD_FAILED',
          message: expect.stringMatching(
            /app \(kombinations\/far\/kombination.yaml:5\).*#gone:app was not fetched/,
          ),
        },
      });
    },
    START,
  );

  it(
    'goes with its stack, and what others started from it is not taken for the stack',
    async () => {
      const { rig, push, apply, images, plan } = open('gone');
      await push({
        'kombination.yaml': kombination('gone', 'web: { build: . }'),
        Dockerfile: DOCKERFILE,
        busybox,
        'files/a': '1',
      });
      await apply();
      const [built = ''] = await images();
      await docker('run', '-d', '--name', 'somebody', '--network', 'none', built);
      expect(await plan()).toEqual([]);
      const job = await rig.reconciler.apply(
        { stack: 'gone', mode: 'destroy', confirm: true, actor: null, trigger: 'cli' },
        SIGNAL,
      );
      await rig.reconciler.waitForJob(job.id, AbortSignal.timeout(60_000));
      expect(await images()).toEqual([]);
      expect(await docker('inspect', '-f', '{{.State.Running}}', 'somebody')).toBe('true');
      expect(await docker('ps', '-aq', '--filter', 'label=io.kombinator.stack=gone')).toBe('');
      await docker('rm', '-f', 'somebody');
    },
    START,
  );
});
