import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';

describe('createSecrets', () => {
  let stateDir: string;
  let warnings: object[];
  const env: Record<string, string | undefined> = {};
  const resolve = (reference: string) => createSecrets({ stateDir, env }).resolve(reference);
  const write = (name: string, content: string | Uint8Array, mode = 0o600) => {
    writeFileSync(join(stateDir, 'secrets', name), content, { mode });
    chmodSync(join(stateDir, 'secrets', name), mode);
  };

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'kombinator-secrets-'));
    mkdirSync(join(stateDir, 'secrets'));
    writeFileSync(join(stateDir, 'outside'), 'never read');
    warnings = [];
    for (const name of Object.keys(env)) delete env[name];
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));

  it.each([
    { content: 'hunter2', value: 'hunter2' },
    { content: 'hunter2\n', value: 'hunter2' },
    { content: 'hunter2\r\n', value: 'hunter2' },
    { content: 'two\nlines\n\n', value: 'two\nlines\n' },
    { content: ' spaces stay ', value: ' spaces stay ' },
  ])('reads $content from a file, less one newline', ({ content, value }) => {
    write('db-password', content);

    const secret = resolve('secret://file/db-password');

    expect(secret.reveal()).toBe(value);
    expect(secret.reference).toBe('secret://file/db-password');
    expect(`${JSON.stringify({ secret })} ${String(secret)}`).not.toContain('hunter2');
  });

  it('reads an environment variable by its own prefix only', () => {
    env['KOMBINATOR_SECRET_TOKEN'] = 'from-env';
    env['HOME'] = '/root';

    expect(resolve('secret://env/TOKEN').reveal()).toBe('from-env');
    expect(() => resolve('secret://env/HOME')).toThrow('KOMBINATOR_SECRET_HOME');
  });

  it('sees a changed file at once', () => {
    const secrets = createSecrets({ stateDir, env });
    write('token', 'one');
    const before = secrets.resolve('secret://file/token').digest();
    write('token', 'two');

    expect(secrets.resolve('secret://file/token').digest()).not.toBe(before);
  });

  it.each([
    'secret://file/../outside',
    'secret://file/..',
    'secret://file/.hidden',
    'secret://file/a/b',
    'secret://file/a\\b',
    'secret://file/name\0.txt',
    'secret://file/name\n',
    'secret://file/',
    `secret://file/${'x'.repeat(200)}`,
    'secret://file/missing',
    'secret://file/directory',
    'secret://file/empty',
    'secret://file/huge',
    'secret://file/binary',
    'secret://file/dangling',
    'secret://env/TO-KEN',
    'secret://env/MISSING',
    'secret://env/EMPTY',
    'secret://vault/x',
    'secret://file',
  ])('refuses %j', (reference) => {
    mkdirSync(join(stateDir, 'secrets', 'directory'));
    symlinkSync('nowhere', join(stateDir, 'secrets', 'dangling'));
    write('empty', '\n');
    write('huge', 'x'.repeat(65_537));
    write('binary', Uint8Array.of(0x68, 0xff, 0xfe));
    env['KOMBINATOR_SECRET_EMPTY'] = '';

    expect(() => resolve(reference)).toThrow(
      expect.objectContaining({ code: 'SECRET_NOT_FOUND', retryable: false }),
    );
  });

  it('does not repeat what is no reference: it may be a value in the wrong place', () => {
    expect(() => resolve('hunter2')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });

  it('warns once about a file that others may read, and reads it', () => {
    const logger = { debug() {}, info() {}, warn: (data: object) => void warnings.push(data), error() {} };
    const secrets = createSecrets({ stateDir, env, logger });
    write('open', 'hunter2', 0o644);
    write('closed', 'hunter2', 0o400);

    for (const name of ['open', 'open', 'closed']) secrets.resolve(`secret://file/${name}`);

    expect(warnings).toEqual([{ file: join(stateDir, 'secrets', 'open'), mode: '0644' }]);
  });
});
