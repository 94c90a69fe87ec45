import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadKubeConfig } from '../../../reconciler/adapters/kubernetes/api/connection.ts';
import { errorMessage } from '../../../reconciler/base/errors.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-kubeconfig-'));
afterAll(() => rmSync(directory, { recursive: true }));

const NOT_YAML = 'PATH=/bin\0TOKEN=hunter2\0';
const UNFINISHED = 'clusters:\n- name: a\n  password: hunter2\n  x: [hunter2\n: {';

function reasonOf(source: string, text: string): Promise<string> {
  const resolveSecret = () => new Secret(text, source);
  const loading = loadKubeConfig({ connection: { type: 'kubeconfig', source }, resolveSecret });
  return loading.then(
    () => '',
    (error: unknown) => errorMessage(error),
  );
}

it.each([
  { what: 'the environment of a process', text: NOT_YAML, reason: /is not YAML \(line 1, column \d+\)$/ },
  { what: 'half a map', text: UNFINISHED, reason: /is not YAML \(line \d+, column \d+\)$/ },
  { what: 'nothing', text: '', reason: /is not YAML$/ },
  {
    what: 'something else',
    text: 'clusters: [{ secret: hunter2 }]',
    reason: /is no kubeconfig: clusters\[0\]\.name is missing$/,
  },
])('quotes nothing of a file that holds $what', async ({ text, reason }) => {
  const file = join(directory, 'kubeconfig');
  writeFileSync(file, text);
  for (const source of [file, 'secret://env/KUBECONFIG']) {
    const message = await reasonOf(source, text);
    expect(message).toMatch(reason);
    expect(message).toContain(source);
    expect(message).not.toMatch(/hunter2|PATH|password/);
  }
});

it('still tells of a file that is not there', async () => {
  expect(await reasonOf(join(directory, 'none'), '')).toContain('ENOENT');
});

it('quotes nothing of a file that holds a password alone', async () => {
  const file = join(directory, 'password');
  writeFileSync(file, 'hunter2');
  expect(await reasonOf(file, '')).toMatch(/it has no current context with a cluster$/);
});

const cluster = (user: string) => `clusters: [{ name: c, cluster: { server: "https://127.0.0.1:1" } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
users: [{ name: u, user: ${user} }]
`;

it.each([
  ['exec', '{ exec: { apiVersion: client.authentication.k8s.io/v1, command: id } }'],
  ['an auth provider', '{ auth-provider: { name: gcp, config: { cmd-path: id } } }'],
])('runs no program by %s but where the operator says so', async (_what, user) => {
  const source = join(directory, 'programs');
  writeFileSync(source, cluster(user));
  expect(await reasonOf(source, '')).toMatch(
    /the user u of a kubeconfig .* may not run a program; exec: true/,
  );
  const loaded = await loadKubeConfig({
    connection: { type: 'kubeconfig', source, exec: true },
    resolveSecret: () => new Secret('', source),
  });
  expect(loaded.getCurrentUser()?.name).toBe('u');
  expect(await reasonOf('secret://env/K', cluster(user))).toMatch(/in a secret may not run a program$/);
});
