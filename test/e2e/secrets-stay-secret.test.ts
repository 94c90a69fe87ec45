import { generateIdentity, identityToRecipient } from 'age-encryption';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { git } from '../support/git/git-repo.ts';
import type { Json, MainJob } from '../support/main-job.ts';
import { createMainJob, IMAGE, lines, PATIENCE_MS, runOnEngine } from '../support/main-job.ts';
import { encryptAge, encryptSops } from '../support/sops-file.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { quietProbe } from '../support/docker/quiet-probe.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

/*
 * A stack with a secret of every kind goes through everything that can be done to it, by the daemon, on an engine. Its programs
 * print what they were given, where somebody may look. No value is in what is kept, logged, tagged, labelled or answered.
 */

const VALUES = {
  environment: 'Aq-environment-71',
  embedded: 'Bq-embedded-72',
  file: 'Cq-state-file-73',
  sops: 'Dq-sops-74',
  rotated: 'Eq-rotated-75',
  age: 'Fq-age-76',
  variable: 'Gq-dot-env-77',
};

/** A client of a database that says its password when it cannot get in. */
const CLIENT = '#!/bin/sh\\necho "password $POSTGRES_PASSWORD is wrong" >&2\\nexit 2\\n';
const DATABASE = 'kombinator-secrets/postgres:1';

function stack(healthy: string, command = 'sleep 1000'): string {
  return `version: "1.0"
meta: { name: vault }
policy: { drift: propose }
secrets:
  sealed: { file: shop.sops.yaml }
  key: { secret: "secret://age/key.age" }
services:
  web:
    image: ${IMAGE}
    init: true
    stop_grace_period: 1s
    command: [sh, -c, "${command}"]
    environment:
      TOKEN: \${ENVIRONMENT}
      URL: "http://me:\${secret:env/EMBEDDED}@db/"
      FILE: secret://file/vault
      SOPS: secret://sops/shop.sops.yaml#a
      PASSED: $VARIABLE
    secrets: [sealed, { source: key, target: /etc/key }]
    files: [{ target: /etc/conf, content: "c: \${secret:sops/shop.sops.yaml#a}" }]
    healthcheck: { test: ["CMD-SHELL", "${healthy}"], interval: 200ms, retries: 3 }
  db:
    image: ${DATABASE}
    init: true
    stop_grace_period: 1s
    command: [sleep, "1000"]
    environment: { POSTGRES_PASSWORD: "secret://file/vault" }
    files: [{ target: /bin/psql, mode: "0755", content: "${CLIENT.replaceAll('"', '\\"')}" }]
hooks:
  pre_deploy:
    - { name: tell, service: web, command: [sh, -c, "echo hook has $TOKEN and $FILE; cat /run/secrets/sealed"] }
`;
}

const dockerHost = workerEngine();
const path = (file: string) => `kombinations/vault/${file}`;
let job: MainJob;
let identity: string;
let recipient: string;
/** Everything that was answered and printed. */
const said: string[] = [];
let following: Following;
const keys = { viewer: '', deployer: '' };

beforeAll(async () => {
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  await buildTestImage(dockerHost, DATABASE);
  job = await createMainJob(dockerHost, {
    KOMBINATOR_AGE_KEY: identity,
    KOMBINATOR_SECRET_ENVIRONMENT: VALUES.environment,
    KOMBINATOR_SECRET_EMBEDDED: VALUES.embedded,
    KOMBINATOR_SECRET_VARIABLE: VALUES.variable,
  });
  await mkdir(join(job.stateDir, 'secrets'), { recursive: true });
  // Not a part of what is searched: the operator has put it there.
  await writeFile(join(job.stateDir, 'secrets', 'vault'), VALUES.file);
  for (const role of ['viewer', 'deployer'] as const) {
    const { status, body } = await job.api('POST', '/keys', { body: { name: role, role } });
    expect(status).toBe(201);
    keys[role] = body.key;
  }
  following = await follow();
});
afterAll(() => job?.[Symbol.asyncDispose]());

const sealed = (a: string) => encryptSops({ a }, { recipients: [recipient] });

async function api(method: string, route: string, body?: unknown): Promise<Json> {
  const answer = await job.api(method, route, body === undefined ? {} : { body });
  said.push(`${method} ${route}\n${JSON.stringify(answer)}`);
  return answer.body;
}

async function kompose(method: string, route: string): Promise<Json> {
  const response = await fetch(`${job.url}/api${route}`, { method, headers: { 'X-API-KEY': job.adminKey } });
  const text = await response.text();
  said.push(`${method} /api${route}\n${response.status}\n${text}`);
  return JSON.parse(text);
}

async function command(...words: readonly string[]): Promise<void> {
  const { stdout, stderr } = await job.runRemote(...words);
  said.push(`${words.join(' ')}\n${stdout}${stderr}`);
}

function isStream({ responses }: Json): boolean {
  return Object.keys(responses[200]?.content ?? {}).join() === 'text/event-stream';
}

interface Following {
  /** @returns everything that was told until now */
  end(): Promise<string>;
}

/** Has everything that followers are told, of all that happens once this has resolved. */
async function follow(): Promise<Following> {
  const ending = new AbortController();
  const types = 'stack,repository,node,health,job,step,log';
  const response = await fetch(`${job.url}/api/v1/events?types=${types}`, {
    headers: { 'X-API-KEY': job.adminKey },
    signal: ending.signal,
  });
  const { status, body } = response;
  if (status !== 200 || body === null) throw new Error(`no events: ${status} ${await response.text()}`);
  const chunks: Uint8Array[] = [];
  const read = async () => {
    for await (const chunk of body) chunks.push(chunk);
    throw new Error('the events have ended by themselves');
  };
  const reading = read().catch((error: unknown) => error);
  return {
    async end() {
      ending.abort();
      const error = await reading;
      expect(error).toMatchObject({ name: 'AbortError' });
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** Descriptions, and what has changed in them, as those see them who may not see secrets. */
async function askForFiles(deployments: readonly number[]): Promise<void> {
  const ask = async (role: keyof typeof keys, method: string, route: string, body?: unknown) => {
    const answer = await job.api(method, route, { key: keys[role], ...(body === undefined ? {} : { body }) });
    said.push(`${role} ${method} ${route}\n${JSON.stringify(answer)}`);
    expect([route, answer.status]).toEqual([route, 200]);
    return answer.body;
  };
  await ask('viewer', 'GET', '/stacks/vault/files');
  for (const from of deployments)
    await ask('viewer', 'GET', `/stacks/vault/deployments/compare?from=${from}`);
  const { files } = await ask('deployer', 'GET', '/stacks/vault/files');
  const { path: main, text } = files.find((one: Json) => one.main);
  // Once as it is with a word more, once without what refers to the secrets.
  for (const changed of [`${text}# more\n`, text.replace(/^ {6}(FILE|SOPS|TOKEN|PASSED):.*\n/gm, '')]) {
    const preview = { files: [{ path: main, text: changed }] };
    const { diff } = await ask('deployer', 'POST', '/stacks/vault/files/preview', preview);
    expect(diff).toHaveLength(1);
  }
}

/** Every answer that is there for the asking, in both dialects, but for streams without an end. */
async function askEverything(deployments: readonly number[]): Promise<void> {
  const skipped: string[] = [];
  const ids: Readonly<Record<string, readonly string[]>> = {
    stacks: ['vault'],
    jobs: (await job.jobs('vault')).map(({ id }) => id),
    plans: (await job.jobs('vault')).flatMap(({ plan_id: id }) => id ?? []),
    workers: (await job.api('GET', '/workers')).body.workers.map(({ id }: Json) => id),
  };
  for (const [dialect, ask] of [
    ['/v1', (route: string) => api('GET', route)],
    ['', (route: string) => kompose('GET', route)],
  ] as const) {
    const response = await fetch(`${job.url}/api${dialect}/openapi.json`, {
      headers: { 'X-API-KEY': job.adminKey },
    });
    const { paths }: Json = await response.json();
    const routes = Object.keys(paths).filter((route) => paths[route].get !== undefined);
    expect(routes.length).toBeGreaterThan(5);
    for (const route of routes) {
      if (isStream(paths[route].get)) {
        skipped.push(route);
        continue;
      }
      const plain = route
        .replace('{service}', 'web')
        .replace('{name}', 'vault')
        .replace(/^\/api(\/v1)?(?=\/)/, '');
      for (const id of ids[plain.split('/')[1] ?? ''] ?? ['vault']) await ask(plain.replace('{id}', id));
    }
  }
  expect(skipped).toEqual(['/api/v1/events']);
  await askForFiles(deployments);
}

it('is deployed, and looked at from everywhere', async () => {
  await job.push(
    {
      [path('kombination.yaml')]: stack(quietProbe('true')),
      [path('shop.sops.yaml')]: await sealed(VALUES.sops),
    },
    'Describe the vault',
  );
  await writeFile(join(job.clone, path('key.age')), await encryptAge(VALUES.age, recipient));
  await job.push({ 'README.md': 'A vault.\n' }, 'Add the key');
  await job.reaches('vault', 'in_sync');
  const inside = await runOnEngine(dockerHost, 'docker', [
    'exec',
    'vault-web-1',
    'sh',
    '-c',
    'echo $TOKEN $URL $FILE $SOPS $PASSED; cat /etc/key /etc/conf',
  ]);
  // They do arrive where they belong.
  for (const value of [
    VALUES.environment,
    VALUES.embedded,
    VALUES.file,
    VALUES.sops,
    VALUES.age,
    VALUES.variable,
  ]) {
    expect(inside).toContain(value);
  }

  await askEverything([1]);
  for (const output of ['compose', 'opentofu', 'traefik', 'kubernetes']) {
    await api('POST', '/unifier/generate', { stack: 'vault', output });
    await command('generate', output, 'vault');
  }
  await api('POST', '/unifier/validate', { yaml: stack(quietProbe('true')) });
  const status = await kompose('GET', '/db/status');
  expect(JSON.stringify(status)).toContain('***');
});

it('drifts, is changed, breaks and is rolled back', async () => {
  await runOnEngine(dockerHost, 'docker', ['update', '--restart', 'always', 'vault-web-1']);
  await eventually(
    () => api('POST', '/stacks/vault/drift/check'),
    ({ has_drift: found }) => found === true,
    PATIENCE_MS,
  );
  await command('drift', 'vault');
  await api('POST', '/stacks/vault/drift/resolve', { action: 'accept_actual' });
  await job.reaches('vault', 'in_sync');

  await job.push({ [path('shop.sops.yaml')]: await sealed(VALUES.rotated) }, 'Change the secret');
  await job.job('vault', ({ status, summary }) => status === 'completed' && summary?.replace === 1);
  await api('POST', '/stacks/vault/plan', {});
  await command('plan', '--stack', 'vault');

  const broken = await job.push(
    {
      [path('kombination.yaml')]: stack(
        'echo no access with $TOKEN $SOPS; exit 1',
        'echo I have $TOKEN; sleep 1000',
      ),
    },
    'Break the vault',
  );
  await job.job('vault', ({ revision, status }) => revision === broken && status === 'failed');
  await askEverything([1, 2]);
  await api('POST', '/stacks/vault/rollback', { to: 2 });
  await job.reaches('vault', 'in_sync');

  const unreadable = (await sealed(VALUES.rotated)).replace(/tag:[^,]{4}/, 'tag:AAAA');
  await job.push({ [path('shop.sops.yaml')]: unreadable }, 'Damage the secret');
  await job.reaches('vault', 'invalid');
  await askEverything([1, 2]);
  await job.push({ [path('shop.sops.yaml')]: await sealed(VALUES.rotated) }, 'Mend the secret');
  await job.reaches('vault', 'in_sync');
});

it('is stopped, started and listed', async () => {
  await kompose('POST', '/stacks/vault/stop');
  await job.reaches('vault', 'stopped');
  await kompose('POST', '/stacks/vault/start');
  await job.reaches('vault', 'in_sync');
  await kompose('POST', '/sync');
  for (const words of [
    ['status'],
    ['history', 'vault'],
    ['jobs'],
    ['validate'],
    ['apply', '--stack', 'vault', '--yes'],
  ]) {
    await command(...words);
  }
  await askEverything([1, 2]);
});

it('leaves no secret value anywhere but in its containers', async () => {
  const told = await following.end();
  for (const type of ['stack', 'step', 'log']) expect(told).toContain(`event: ${type}\n`);
  said.push(`GET /events\n${told}`);
  const tags = await git(job.repository.path, 'for-each-ref', '--format=%(refname) %(contents)');
  const commits = await git(job.repository.path, 'log', '--all', '-p', '--format=%B');
  const labels = await runOnEngine(dockerHost, 'docker', [
    'ps',
    '-a',
    '--no-trunc',
    '--format',
    '{{ .Names }} {{ .Labels }} {{ .Command }}',
  ]);
  const volumes = await runOnEngine(dockerHost, 'docker', [
    'volume',
    'ls',
    '--format',
    '{{ .Name }} {{ .Labels }}',
  ]);
  const { stdout, stderr } = await job.stop('SIGTERM');
  const files = await readdir(job.stateDir, { recursive: true, withFileTypes: true });
  const kept = await Promise.all(
    files
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/secrets'))
      .map(async (entry) => `${entry.name}\n${await readFile(join(entry.parentPath, entry.name), 'latin1')}`),
  );
  expect(kept.length).toBeGreaterThan(1);
  expect(lines(tags).length).toBeGreaterThan(4);
  const places = {
    answers: said,
    logs: [stdout, stderr],
    tags: [tags],
    commits: [commits],
    labels: [labels, volumes],
    state: kept,
  };
  const found = Object.entries(places).flatMap(([place, texts]) =>
    texts.flatMap((text) =>
      [...Object.entries(VALUES), ['identity', identity] as const]
        .filter(([, value]) => text.includes(value))
        .map(([name]) => `${name} in ${place}: ${text.split('\n')[0]}`),
    ),
  );
  expect(found).toEqual([]);
});
