import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { quietProbe } from './docker/quiet-probe.ts';
import type { CliProcess, CliResult, RunningCli } from './cli/cli-process.ts';
import { createCliProcess } from './cli/cli-process.ts';
import { engineJson } from './docker/docker-engine.ts';
import { eventually } from './eventually.ts';
import { createBareRepo, git } from './git/git-repo.ts';
import type { TestRepository } from './git/git-repo.ts';
import { buildTestImage } from './docker/test-image.ts';

const execFileAsync = promisify(execFile);

export const IMAGE = 'kombinator-main-job/busybox:1';
/** Nothing here may take longer; far above what is wanted, since other suites may share the machine. */
export const PATIENCE_MS = 60_000;

export interface Answer {
  readonly status: number;
  /** Parsed, where the answer is JSON. */
  readonly body: Json;
}

/** Value that a test looks at without proving its type first; a wrong guess fails the test that makes it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface ApiRequest {
  readonly body?: unknown;
  /** Default: the admin key; `null` sends none. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A bare repository with a clone that pushes to it, and the daemon in a process of its own that follows it. */
export interface MainJob extends AsyncDisposable {
  readonly repository: TestRepository;
  /** Work tree of the clone. */
  readonly clone: string;
  readonly stateDir: string;
  readonly daemon: RunningCli;
  readonly url: string;
  readonly adminKey: string;
  /** Writes the files (`null` deletes), commits them and runs `git push`; resolves to the commit. */
  push(files: Readonly<Record<string, string | null>>, message: string): Promise<string>;
  api(method: string, path: string, request?: ApiRequest): Promise<Answer>;
  /** Waits until the stack is in the state, at the pushed revision or later; fails with what it is instead. */
  reaches(stack: string, state: string, timeoutMs?: number): Promise<Json>;
  /** Waits until the stack is not listed any more. */
  gone(stack: string): Promise<void>;
  /** Ended jobs of the stack without plans, newest first, once there is one that is right. */
  job(stack: string, isRight: (job: Json) => boolean, timeoutMs?: number): Promise<Json>;
  jobs(stack: string): Promise<readonly Json[]>;
  tags(stack: string): Promise<readonly string[]>;
  /** The command against the repository without the daemon. */
  run(...args: readonly string[]): Promise<CliResult>;
  /** The command through the daemon. */
  runRemote(...args: readonly string[]): Promise<CliResult>;
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<CliResult>;
  start(): Promise<void>;
}

/**
 * @param dockerHost `null`: there is no engine, stacks run on clusters only
 * @param environment of the daemon, besides `DOCKER_HOST`
 * @param operator text of the operator's configuration; left out: there is none
 */
export async function createMainJob(
  dockerHost: string | null,
  environment: NodeJS.ProcessEnv = {},
  operator?: string,
): Promise<MainJob> {
  if (dockerHost !== null) await buildTestImage(dockerHost, IMAGE);
  const root = await mkdtemp(join(tmpdir(), 'kombinator-main-job-'));
  const clone = join(root, 'clone');
  const stateDir = join(root, 'state');
  const config = join(root, 'operator.yaml');
  const options = operator === undefined ? [] : ['--config', config];
  if (operator !== undefined) await writeFile(config, operator);
  const repository = await createBareRepo();
  await git(root, 'clone', '--quiet', repository.path, clone);
  const cli = await createCliProcess({
    ...(dockerHost === null ? {} : { DOCKER_HOST: dockerHost }),
    ...environment,
  });
  let serving = await serve(cli, repository, stateDir, options);
  const engine = dockerHost === null ? null : createEngineView(dockerHost);
  const api = createApiClient(
    () => serving.url,
    () => serving.adminKey,
  );
  const jobs = async (stack: string): Promise<readonly Json[]> =>
    (await api('GET', `/jobs?stack_id=${stack}&per_page=200`)).body.jobs;
  return {
    repository,
    clone,
    stateDir,
    get daemon() {
      return serving.daemon;
    },
    get url() {
      return serving.url;
    },
    get adminKey() {
      return serving.adminKey;
    },
    push: (files, message) => pushFiles(clone, files, message),
    api,
    async reaches(stack, state, timeoutMs = PATIENCE_MS) {
      const look = async () => (await api('GET', `/stacks/${stack}`)).body;
      const found = await eventually(look, (view) => view.state === state, timeoutMs);
      if (found.state === state) return found;
      throw new Error(
        `${stack} is ${found.state ?? JSON.stringify(found)} (${found.message}), not ${state}\n${reconcilerLog(serving.daemon)}`,
      );
    },
    async gone(stack) {
      const look = async () => await api('GET', `/stacks/${stack}`);
      const found = await eventually(look, ({ status }) => status === 404, PATIENCE_MS);
      if (found.status === 404) return;
      const { state, message } = found.body;
      throw new Error(`${stack} is still ${state} (${message})\n${reconcilerLog(serving.daemon)}`);
    },
    jobs,
    async job(stack, isRight, timeoutMs = PATIENCE_MS) {
      const look = async () => (await jobs(stack)).find((job) => job.completed_at !== null && isRight(job));
      const found = await eventually(look, (job) => job !== undefined, timeoutMs);
      if (found !== undefined) return found;
      const others = JSON.stringify(await jobs(stack), null, 1);
      throw new Error(`${stack} has no such job, only ${others}\n${reconcilerLog(serving.daemon)}`);
    },
    tags: async (stack) => lines(await git(repository.path, 'tag', '--list', `deploy/${stack}/*`)),
    run: (...args) => cli.run(...args, '--repo', repository.path, ...options),
    runRemote: (...args) =>
      cli.run(...args, '--server', serving.url, '--api-key-file', join(stateDir, 'admin.key')),
    async stop(signal) {
      serving.daemon.child.kill(signal);
      return serving.daemon.ended;
    },
    async start() {
      serving = await serve(cli, repository, stateDir, options);
    },
    async [Symbol.asyncDispose]() {
      await serving.daemon[Symbol.asyncDispose]();
      await engine?.removeStacksOf(await stacksEverDescribed(repository));
      await cli[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

interface Serving {
  readonly daemon: RunningCli;
  readonly url: string;
  readonly adminKey: string;
}

/** The end of what it logged, without the requests of the test itself. */
function reconcilerLog(daemon: RunningCli): string {
  return lines(daemon.stdout())
    .filter((line) => !line.includes('"requestId"'))
    .slice(-20)
    .join('\n');
}

/** Serves on a port that the system chooses; the daemon logs which. */
async function serve(
  cli: CliProcess,
  repository: TestRepository,
  stateDir: string,
  options: readonly string[],
): Promise<Serving> {
  const listen = ['--listen', '127.0.0.1:0', ...options];
  const daemon = cli.start('serve', '--repo', repository.path, '--state-dir', stateDir, ...listen);
  const readUrl = () => /"api":"(http:\/\/127\.0\.0\.1:\d+)\/api\/v1"/.exec(daemon.stdout())?.[1];
  const url = await eventually(readUrl, (found) => found !== undefined || daemon.child.exitCode !== null);
  if (url === undefined) {
    await daemon[Symbol.asyncDispose]();
    throw new Error(`the daemon does not listen:\n${daemon.stdout()}${daemon.stderr()}`);
  }
  const adminKey = (await readFile(join(stateDir, 'admin.key'), 'utf8')).trim();
  return { daemon, url, adminKey };
}

function createApiClient(url: () => string, adminKey: () => string): MainJob['api'] {
  return async (method, path, { body, key = adminKey(), headers = {} } = {}) => {
    const response = await fetch(`${url()}/api/v1${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  };
}

async function pushFiles(
  clone: string,
  files: Readonly<Record<string, string | null>>,
  message: string,
): Promise<string> {
  // Somebody else, such as the API, may have committed since; an empty repository has nothing to pull.
  const branch = await git(clone, 'ls-remote', '--heads', 'origin', 'main');
  if (branch !== '') {
    await git(clone, 'fetch', '--quiet', 'origin', 'main');
    await git(clone, 'reset', '--quiet', '--hard', 'origin/main');
  }
  for (const [path, content] of Object.entries(files)) {
    const file = join(clone, path);
    if (content === null) await rm(file, { recursive: true });
    else {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
  await git(clone, 'add', '--all');
  await git(clone, 'commit', '--quiet', '--message', message);
  await git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  return git(clone, 'rev-parse', 'HEAD');
}

/** Names of kombinations in the whole history: what this repository's daemon can have left on the engine. */
async function stacksEverDescribed(repository: TestRepository): Promise<ReadonlySet<string>> {
  const files = await git(repository.path, 'log', '--all', '--name-only', '--format=').catch(() => '');
  return new Set(lines(files).flatMap((file) => /^kombinations\/([^/]+)\//.exec(file)?.[1] ?? []));
}

export interface EngineView {
  /** `name state`, sorted. */
  containers(stack: string): Promise<readonly string[]>;
  id(container: string): Promise<string>;
  /** Removes a container as `docker rm -f` does. */
  remove(container: string): Promise<void>;
  /** Removes stacks with their networks and volumes: the next file of tests finds the engine as this one did. */
  removeStacksOf(names: ReadonlySet<string>): Promise<void>;
}

/** Looks at the engine behind the daemon's back. */
export function createEngineView(dockerHost: string): EngineView {
  const socketPath = dockerHost.replace('unix://', '');
  const owned = (path: string, stack: string): Promise<Json> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [`io.kombinator.stack=${stack}`] }));
    return engineJson(socketPath, 'GET', `${path}filters=${filters}`);
  };
  const list = (stack: string): Promise<readonly Json[]> => owned('/containers/json?all=1&', stack);
  const remove = (container: string) =>
    engineJson<void>(socketPath, 'DELETE', `/containers/${container}?force=1&v=1`);
  return {
    containers: async (stack) =>
      (await list(stack)).map(({ Names, State }) => `${Names[0].slice(1)} ${State}`).toSorted(),
    id: async (container) =>
      (await engineJson<{ Id: string }>(socketPath, 'GET', `/containers/${container}/json`)).Id,
    remove,
    async removeStacksOf(names) {
      for (const name of names) {
        for (const { Id } of await list(name)) await remove(Id);
        for (const { Id } of await owned('/networks?', name))
          await engineJson<void>(socketPath, 'DELETE', `/networks/${Id}`);
        for (const { Name } of (await owned('/volumes?', name)).Volumes ?? [])
          await engineJson<void>(socketPath, 'DELETE', `/volumes/${Name}`);
      }
    },
  };
}

export interface ServiceOptions {
  /** Host port of the page. Default: none. */
  readonly port?: number;
  /** The health check's test. Default: the page answers. */
  readonly healthy?: string;
  readonly image?: string;
  /** More lines of the service, indented by four. */
  readonly service?: string;
  /** More top-level lines. */
  readonly more?: string;
}

/** The page answers. */
const ANSWERS = `[CMD-SHELL, "${quietProbe('wget -q -O - http://127.0.0.1:8080/')}"]`;

/** Files of a stack with one web server that shows `www/index.html`. */
export function webStack(name: string, page: string, options: ServiceOptions = {}): Record<string, string> {
  const { port, image = IMAGE, healthy = ANSWERS } = options;
  return {
    [`kombinations/${name}/kombination.yaml`]: `version: "1.0"
meta: { name: ${name} }
services:
  web:
    image: ${image}
    init: true
    stop_grace_period: 1s
    command: [httpd, -f, -p, "8080", -h, /www]
    files: [{ source: www, target: /www }]
    healthcheck: { test: ${healthy}, interval: 200ms, timeout: 10s, retries: 5 }
${port === undefined ? '' : `    ports: ["127.0.0.1:${port}:8080"]\n`}${options.service ?? ''}${options.more ?? ''}`,
    [`kombinations/${name}/www/index.html`]: `${page}\n`,
  };
}

/** The page, or why there is none. */
export async function readPage(port: number): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) });
    return (await response.text()).trim();
  } catch (error) {
    return String(error);
  }
}

/** Waits until the page is what is wanted, which is soon: a server that was started a moment ago need not listen yet. */
export function awaitPage(port: number, wanted: string): Promise<string> {
  return eventually(
    () => readPage(port),
    (text) => text === wanted,
    PATIENCE_MS,
  );
}

/** Runs a program of the machine against the engine; resolves to what it wrote. */
export async function runOnEngine(
  dockerHost: string,
  program: string,
  args: readonly string[],
): Promise<string> {
  const { stdout } = await execFileAsync(program, args, {
    env: { ...process.env, DOCKER_HOST: dockerHost },
  });
  return stdout;
}

export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
