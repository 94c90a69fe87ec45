import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

function read(charts: object) {
  const path = join(directory, 'daemon.yaml');
  writeFileSync(path, JSON.stringify({ charts }));
  return readDaemonConfig(path, checkSchema).charts;
}

it('names programs, places and limits', () => {
  const limits = { timeoutMs: 30_000, maxBytes: 10_485_760 };
  expect(read({ helm: '/bin/helm' })).toEqual({ helm: '/bin/helm', registries: [], ...limits });
  expect(read({ kubectl: '/bin/kubectl', timeoutMs: 5_000, registries: ['oci://ghcr.io/acme'] })).toEqual({
    kustomize: { program: '/bin/kubectl', words: ['kustomize'] },
    registries: ['oci://ghcr.io/acme'],
    ...limits,
    timeoutMs: 5_000,
  });
  expect(read({ kustomize: '/bin/kustomize' })?.kustomize).toEqual({
    program: '/bin/kustomize',
    words: ['build'],
  });
});

it('has credentials for some registries, and a limit of memory', () => {
  const login = { url: 'oci://ghcr.io/acme/', username: 'ada', password: 'secret://file/GHCR' };
  const local = { ...login, url: 'http://127.0.0.1:8080/' };
  expect(
    read({ registries: ['https://a.example/', login, local], maxMemoryBytes: 134_217_728 }),
  ).toMatchObject({
    registries: ['https://a.example/', 'oci://ghcr.io/acme/', 'http://127.0.0.1:8080/'],
    credentials: [login, local],
    maxMemoryBytes: 134_217_728,
  });
});

it.each([
  [
    { registries: [{ url: 'https://a.example', username: 'ada', password: 'word' }] },
    'never the password itself',
  ],
  [{ registries: [{ url: 'https://a.example', username: 'ada' }] }, 'password'],
  [
    { registries: [{ url: 'http://a.example', username: 'ada', password: 'secret://file/A' }] },
    'credentials would go over the network in clear',
  ],
  [{ maxMemoryBytes: 1 }, 'charts.maxMemoryBytes'],
  [{ helm: 'helm' }, 'helm must be the absolute path of a program [INVALID_FORMAT at charts.helm]'],
  [{ kustomize: '/a', kubectl: '/b' }, 'kustomize and kubectl'],
  [{ registries: ['https://me:word@a.example'] }, 'without a password'],
  [{ registries: ['ftp://a.example'] }, 'must be the beginning of an address'],
  [{ timeoutMs: 1 }, 'charts.timeoutMs'],
  [{ program: '/a' }, 'program'],
])('%j is refused', (charts, told) => {
  expect(() => read(charts)).toThrow(told);
  expect(() => read(charts)).not.toThrow(/me:word/);
});
