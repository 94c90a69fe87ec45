import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-git-host-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'operator.yaml');
const checkSchema = createSchemaCheck();

function read(host: string) {
  writeFileSync(file, host);
  return readDaemonConfig(file, checkSchema).gitHost;
}

function problems(host: string): string {
  try {
    read(host);
    return '';
  } catch (error) {
    return String(error).replaceAll(file, '');
  }
}

describe('git.host of the operator', () => {
  it('is nothing where it is left out, and has defaults for all of its members', () => {
    expect(read('git: {}\n')).toBeNull();
    expect(read('git: { host: {} }\n')).toEqual({
      kind: null,
      api: null,
      repository: null,
      writes: false,
      token: null,
      app: null,
      hookSecret: null,
      pulls: { plan: true, forks: false },
      confirm: [],
      environment: null,
      page: null,
    });
  });

  it('is read with every member, and addresses lose the slash at their end', () => {
    const text = [
      'git:',
      '  host:',
      '    kind: github',
      '    api: https://git.example.org/api/v3/',
      '    repository: acme/config',
      '    app: { id: 1, installation: 2, privateKey: secret://file/app.pem }',
      '    webhook: { secret: secret://env/HOOK }',
      '    pulls: { plan: false, forks: true }',
      '    confirm: [alice, bob]',
      '    environment: production',
      '    page: https://kombinator.example.org/',
      '',
    ].join('\n');
    expect(read(text)).toEqual({
      kind: 'github',
      api: 'https://git.example.org/api/v3',
      repository: 'acme/config',
      writes: true,
      token: null,
      app: { id: 1, installation: 2, privateKey: 'secret://file/app.pem' },
      hookSecret: 'secret://env/HOOK',
      pulls: { plan: false, forks: true },
      confirm: ['alice', 'bob'],
      environment: 'production',
      page: 'https://kombinator.example.org',
    });
  });

  it.each([
    { when: 'a kind that there is not', host: 'kind: gogs', says: ':1:22: error' },
    { when: 'a secret in clear', host: 'token: ghp_secretvalue', says: 'must be a reference' },
    { when: 'a hook without a secret', host: 'webhook: {}', says: 'secret' },
    { when: 'a password in an address', host: 'api: "https://me:hunter2@git.example.org"', says: 'must be' },
    { when: 'an address that is none', host: 'page: "https://["', says: '"https://[" is no address' },
    {
      when: 'a token and an app',
      host: 'token: secret://env/T, app: { id: 1, installation: 2, privateKey: secret://env/K }',
      says: 'there is a token as well',
    },
    {
      when: 'an app elsewhere than on GitHub',
      host: 'kind: gitea, app: { id: 1, installation: 2, privateKey: secret://env/K }',
      says: 'gitea has no such apps',
    },
    { when: 'an unknown member', host: 'tokn: secret://env/T', says: 'token' },
  ])('refuses $when', ({ host, says }) => {
    const text = problems(`git: { host: { ${host} } }\n`);
    expect(text).toContain(says);
    expect(text).not.toContain('ghp_secretvalue');
    expect(text).not.toContain('hunter2');
  });
});
