import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { createKombinator } from '../../../reconciler/daemon/create-kombinator.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-signatures-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'operator.yaml');
const checkSchema = createSchemaCheck();

function read(signatures: string) {
  writeFileSync(file, `git: { signatures: ${signatures} }\n`);
  return readDaemonConfig(file, checkSchema).signatures;
}

describe('git.signatures of the operator', () => {
  it('is nothing where it is left out, and is read with every member', () => {
    writeFileSync(file, 'git: {}\n');
    expect(readDaemonConfig(file, checkSchema).signatures).toBeNull();
    expect(read('{ allowedSigners: /etc/signers }')).toEqual({
      rules: { allowedSigners: '/etc/signers', keyring: null, hostKeys: [] },
      since: null,
    });
    const key = 'ab'.repeat(20);
    expect(
      read(`{ allowedSigners: /a, keyring: /b, hostKeys: [${key}], since: ${'AB'.repeat(20)} }`),
    ).toEqual({
      rules: { allowedSigners: '/a', keyring: '/b', hostKeys: [key.toUpperCase()] },
      since: key,
    });
  });

  it.each([
    ['{}', /allowedSigners or keyring has to name a file/],
    ['{ since: abc }', /must be the whole id of a commit/],
    ['{ allowedSigners: signers }', /must be an absolute path/],
    ['{ keyring: /a, hostKeys: [abc] }', /must be a fingerprint of 40 hex digits/],
    [
      `{ allowedSigners: /a, hostKeys: [${'a'.repeat(40)}] }`,
      /there is no keyring that these keys could be in/,
    ],
    ['{ allowedSigner: /a }', /allowedSigner/],
  ])('is refused with what is wrong: %s', (signatures, expected) => {
    expect(() => read(signatures)).toThrow(expected);
  });

  it('names no file that authors write', async () => {
    const repo = join(directory, 'config');
    mkdirSync(repo);
    const signers = join(repo, 'allowed_signers');
    writeFileSync(signers, '');
    const git = (...args: string[]) => execFileSync('git', ['-C', repo, ...args], { stdio: 'ignore' });
    git('init', '-q');
    git('add', '.');
    writeFileSync(file, `git: { signatures: { allowedSigners: ${signers} } }\n`);
    const options = {
      repo,
      stateDir: join(directory, 'state'),
      config: file,
      logger: createQuietLogger(),
      env: {},
    };
    await expect(createKombinator(options)).rejects.toThrow('is a file of the watched repository');
  });
});
