import { expect, it } from 'vitest';
import { createProviders } from '../../../reconciler/adapters/secrets/ask-provider.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { SecretProvider } from '../../../reconciler/ports/secret-provider.ts';
import type { Secrets } from '../../../reconciler/ports/secrets.ts';
import {
  briefDiagnostics,
  createDesiredFixture,
  createFixedSecrets,
  kombination,
} from '../../support/desired-fixtures.ts';

const FILE = 'kombinations/shop/kombination.yaml';
const signal = new AbortController().signal;
const provider = (read: SecretProvider['read'], name = 'vault'): SecretProvider => ({ name, read });

async function diagnose(port: Secrets, reference: string) {
  const fixture = createDesiredFixture({ port });
  await fixture.push({
    [FILE]: kombination('shop', 'web:', '  image: nginx:1.29', '  env:', `    TOKEN: ${reference}`),
  });
  const stack = fixture.state.get('shop');
  const token = stack?.resources.find(({ kind }) => kind === 'container')?.spec['env'];
  return { diagnostics: stack?.diagnostics ?? [], token: (token as { TOKEN?: unknown } | undefined)?.TOKEN };
}

it('asks the provider that a reference names for the rest of it', async () => {
  const asked: string[] = [];
  const providers = createProviders([
    provider(async (path) => {
      asked.push(path);
      return path === 'kv/db#password' ? 'hunter2' : undefined;
    }),
  ]);
  const port = { ...createFixedSecrets(), ...providers };
  const { token } = await diagnose(port, 'secret://vault/kv/db#password');
  expect(token instanceof Secret && token.reveal()).toBe('hunter2');
  expect(asked).toEqual(['kv/db#password']);
  const { diagnostics } = await diagnose(port, 'secret://vault/nothing');
  expect(briefDiagnostics(diagnostics)).toEqual(['7:14 error SECRET_NOT_FOUND services.web.env.TOKEN']);
  expect(diagnostics[0]?.message).toContain('the provider vault has none');
});

it('says at its line which providers there are, when a reference names none of them', async () => {
  const port = { ...createFixedSecrets(), ...createProviders([provider(async () => 'x')]) };
  for (const reference of ['secret://vualt/db', '"${secret:vualt/db:-default}"']) {
    const { diagnostics } = await diagnose(port, reference);
    expect(briefDiagnostics(diagnostics)).toEqual(['7:14 error INVALID_FORMAT services.web.env.TOKEN']);
    expect(diagnostics[0]).toMatchObject({
      message: '"secret://vualt/db" is not a secret reference',
      hint: expect.stringContaining('secret://vault/PATH, secret://env/NAME') as string,
    });
  }
});

it('waits for no provider longer than its time, and tells why one failed', async () => {
  const stuck = createProviders([provider(() => new Promise(() => undefined))], 10);
  await expect(stuck.ask('vault', 'x', signal)).rejects.toMatchObject({
    code: 'SECRET_TIMEOUT',
    retryable: true,
  });
  const failing = createProviders([provider(async () => Promise.reject(new Error('sealed')))]);
  await expect(failing.ask('vault', 'x', signal)).rejects.toMatchObject({
    code: 'SECRET_NOT_FOUND',
    message: 'no secret "secret://vault/x": the provider vault failed: sealed',
  });
  const ended = AbortSignal.abort(new Error('closed'));
  await expect(failing.ask('vault', 'x', ended)).rejects.toThrow('closed');
});

it.each([
  ['Vault', 'needs a name of lower-case letters'],
  ['sops', 'has the name of one that comes along'],
])('refuses the name %s', (name, reason) => {
  expect(() => createProviders([provider(async () => 'x', name)])).toThrow(reason);
  expect(() => createProviders([provider(async () => 'x'), provider(async () => 'y')])).toThrow('twice');
});
