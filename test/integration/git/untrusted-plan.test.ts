import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CliProcess } from '../../support/cli/cli-process.ts';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { commitFiles, createBareRepo } from '../../support/git/git-repo.ts';

/*
 * CI plans what somebody proposes: with every key of the format that names a program, a file, a secret or an address of the machine that
 * plans, nothing is run, read, sent or connected to.
 */

const MARK = 'sesame-of-the-host';
const ENGINE = 'unix:///nonexistent/docker.sock';

let cli: CliProcess;
let directory: string;
/** Bytes that came in at the address that the author has chosen. */
let heard = 0;
const listener = createServer((socket) => {
  heard += 1;
  socket.destroy();
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kombinator-untrusted-'));
  await writeFile(join(directory, 'host-file'), `${MARK}: [\n`);
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  cli = await createCliProcess({ DOCKER_HOST: ENGINE, KOMBINATOR_SECRET_TOKEN: MARK, HOST_VARIABLE: MARK });
});
afterAll(async () => {
  listener.close();
  await cli?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const head = (name: string) => `version: "1.0"\nmeta: { name: ${name} }\n`;
const onNode = (name: string, node: string) =>
  `${head(name)}nodes: [${node}]\nservices: { w: { image: a } }\n`;
const service = (name: string, keys: string) => `${head(name)}services:\n  w: { image: a, ${keys} }\n`;

function hostile(): Readonly<Record<string, string>> {
  const { port } = listener.address() as AddressInfo;
  const file = join(directory, 'host-file');
  const touch = `touch ${join(directory, 'PWNED')}`;
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}` } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
    users: [
      {
        name: 'u',
        user: {
          exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', touch] },
        },
      },
    ],
  });
  const clusters: Readonly<Record<string, string>> = {
    exec: `kubeconfig: ${directory}/kubeconfig\n`,
    quoted: `kubeconfig: ${file}\n`,
    environ: 'kubeconfig: /proc/self/environ\n',
    secret: 'kubeconfig: secret://env/TOKEN\n',
    token: `server: https://127.0.0.1:${port}\ntoken: secret://env/TOKEN\n`,
    ca: `server: https://127.0.0.1:${port}\nca: ${file}\ntoken: secret://env/TOKEN\n`,
    inside: 'inCluster: true\n',
  };
  const engines: Readonly<Record<string, string>> = {
    tcp: `{ host: "tcp://127.0.0.1:${port}" }`,
    tls: `{ host: "tcp://127.0.0.1:${port}", tls: { ca: ${file}, cert: ${file}, key: ${file} } }`,
    key: `{ host: "ssh://root@127.0.0.1:${port}", ssh_key: ${file} }`,
    socket: `{ host: "unix://${file}" }`,
  };
  const services: Readonly<Record<string, string>> = {
    env: `env_file: ${file}`,
    label: `label_file: ${file}`,
    files: `files: [{ source: ${file}, target: /x }]`,
    extends: `extends: { file: ${file}, service: w }`,
    seccomp: `security_opt: ["seccomp=${file}"]`,
    spec: `credential_spec: { file: "file://${file}" }`,
    build: `build: { context: ${directory} }`,
    command: 'environment: { X: "secret://command/sh/x" }',
    variable: 'environment: ["HOST_VARIABLE"], labels: { a: "${HOST_VARIABLE:-none}" }',
    bind: `volumes: ["${directory}:/x"]`,
  };
  return {
    'kombinator.yaml': `registries: [{ host: "127.0.0.1:${port}", username: a, password: secret://env/TOKEN }]\n`,
    kubeconfig,
    '.kombinator/secrets.yaml': `commands: { sh: [sh, -c, "${touch}"] }\n`,
    'secrets.yaml': `commands: { sh: [sh, -c, "${touch}"] }\n`,
    ...Object.fromEntries(
      Object.entries(clusters).flatMap(([name, text]) => [
        [`clusters/${name}.yaml`, text],
        [
          `kombinations/c-${name}/kombination.yaml`,
          onNode(`c-${name}`, `{ name: ${name}, type: kubernetes }`),
        ],
        [
          `workflows/w-${name}.yaml`,
          `name: w-${name}\nstatus: published\ncluster: ${name}\nnodes: [{ id: a, type: configmap, data: { name: a } }]\nedges: []\n`,
        ],
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(engines).flatMap(([name, connection]) => [
        [`nodes/${name}.yaml`, `connection: ${connection}\n`],
        [`kombinations/n-${name}/kombination.yaml`, onNode(`n-${name}`, `{ name: ${name} }`)],
        [
          `kombinations/i-${name}/kombination.yaml`,
          onNode(`i-${name}`, `{ name: ${name}, connection: ${connection} }`),
        ],
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(services).map(([name, keys]) => [
        `kombinations/s-${name}/kombination.yaml`,
        service(`s-${name}`, keys),
      ]),
    ),
    'kombinations/registry/kombination.yaml': service('registry', '').replace(
      'image: a',
      `image: "127.0.0.1:${port}/a:1"`,
    ),
    'kombinations/compose/kombination.yaml': `${head('compose')}compose: ${file}\n`,
  };
}

it('runs nothing, reads no file of the host and sends no credential', async () => {
  await using repository = await createBareRepo();
  const files = hostile();
  await commitFiles(repository, files, 'propose');
  await writeFile(join(directory, 'kubeconfig'), files['kubeconfig'] ?? '');
  const outputs: string[] = [];
  for (const args of [['plan', '--json'], ['plan'], ['status'], ['validate'], ['policy', 'suggest']]) {
    const { stdout, stderr } = await cli.run('--no-color', '--repo', repository.path, ...args);
    outputs.push(stdout, stderr);
  }
  const output = outputs.join('\n');
  expect(output).toContain('NOT_ALLOWED');
  expect(output).not.toContain(MARK);
  expect(heard).toBe(0);
  await expect(readFile(join(directory, 'PWNED'))).rejects.toThrow('ENOENT');
});

it('is suggested to the operator, who allows it in so many words', async () => {
  await using repository = await createBareRepo();
  const { port } = listener.address() as AddressInfo;
  const page = `${head('page')}services:\n  w: { image: a, volumes: ["/mnt/films:/films:ro"] }\n`;
  const far = onNode('far', `{ name: far, connection: { host: "tcp://127.0.0.1:${port}" } }`);
  await commitFiles(
    repository,
    { 'kombinations/page/kombination.yaml': page, 'kombinations/far/kombination.yaml': far },
    'propose',
  );
  const run = (...args: readonly string[]) => cli.run('--no-color', '--repo', repository.path, ...args);
  expect((await run('validate')).code).toBe(1);
  const suggested = await run('policy', 'suggest');
  expect(suggested).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('read it line by line') as string,
  });
  const config = join(directory, 'operator.yaml');
  await writeFile(config, suggested.stdout);
  expect(await run('validate', '--config', config)).toMatchObject({ code: 0 });
  expect(await run('policy', 'suggest', '--config', config)).toMatchObject({
    stdout: '',
    stderr: expect.stringContaining('everything that the repository asks for is allowed') as string,
  });
  expect(await run('policy', 'suggest', '--server', 'http://127.0.0.1:1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('leave out --server') as string,
  });
});
