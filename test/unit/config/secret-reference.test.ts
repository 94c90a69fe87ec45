import { describe, expect, it } from 'vitest';
import { parseContent, parseEnvValue } from '../../../reconciler/config/kombination/service/env-value.ts';
import { isProblem } from '../../../reconciler/base/problem.ts';
import { parseSecretReference } from '../../../reconciler/model/secret-reference.ts';

describe('parseSecretReference', () => {
  it.each([
    ['secret://env/DB', { store: 'env', name: 'DB' }],
    ['secret://file/db-password.txt', { store: 'file', name: 'db-password.txt' }],
    ['secret://sops/db.sops.yaml#a.b', { store: 'sops', path: 'db.sops.yaml', key: 'a.b' }],
    ['secret://sops/../all.sops.yaml#a#b', { store: 'sops', path: '../all.sops.yaml', key: 'a#b' }],
    ['secret://sops/cert.sops', { store: 'sops', path: 'cert.sops', key: '' }],
    ['secret://sops//shared/x.sops.json#k', { store: 'sops', path: '/shared/x.sops.json', key: 'k' }],
    ['secret://age/keys/id.age', { store: 'age', path: 'keys/id.age' }],
    [
      'secret://command/vault/kv/db#pass word',
      { store: 'command', name: 'vault', argument: 'kv/db#pass word' },
    ],
    ['secret://vault/kv/db', { store: 'provider', provider: 'vault', path: 'kv/db' }],
    ['secret://command/now', { store: 'command', name: 'now', argument: '' }],
  ])('%s', (text, parsed) => {
    expect(parseSecretReference(text)).toEqual(parsed);
  });

  it.each([
    'secret://',
    'secret://Vault/x',
    'secret://vault/',
    'secret://env/',
    'secret://env/A/B',
    'secret://file/../x',
    'secret://sops/#key',
    'secret://age/x#y',
    'secret://command/-x/y',
    'secret://command/vault/--config=/etc/shadow',
    'secret://command/vault/a\nb',
    `secret://age/${'x'.repeat(2_000)}`,
  ])('refuses %j', (text) => {
    expect(isProblem(parseSecretReference(text))).toBe(true);
  });
});

describe('references inside of values', () => {
  const env = (reference: string, more = {}) => ({ reference, name: reference, ...more });
  it.each([
    ['${secret:sops/a.sops.yaml#k}', [env('secret://sops/a.sops.yaml#k')]],
    ['${secret://file/db}', [env('secret://file/db')]],
    ['a${secret:env/X:-none}b', [{ text: 'a' }, env('secret://env/X', { fallback: 'none' }), { text: 'b' }]],
    ['${secret:file/db-pass}', [env('secret://file/db-pass')]],
    ['${secret:-x}', [{ reference: 'secret://env/secret', name: 'secret', fallback: 'x' }]],
    ['$${secret:file/x}', [{ text: '${secret:file/x}' }]],
  ])('of a variable: %s', (value, parts) => {
    expect(parseEnvValue(value)).toEqual(parts);
  });

  it.each([
    ['PATH=$PATH ${HOME} $$', [{ text: 'PATH=$PATH ${HOME} $$' }]],
    ['k: ${secret:file/x}\n', [{ text: 'k: ' }, env('secret://file/x'), { text: '\n' }]],
    ['secret://age/cert.age\n', [env('secret://age/cert.age')]],
    ['$${secret:file/x}', [{ text: '${secret:file/x}' }]],
    ['', [{ text: '' }]],
  ])('of a file: %j', (content, parts) => {
    expect(parseContent(content)).toEqual(parts);
  });

  it.each(['${secret:file/x', '${secret:Nowhere/x}'])('a file with %j has an error', (content) => {
    expect(isProblem(parseContent(content))).toBe(true);
  });
});
