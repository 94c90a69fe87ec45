import { expect, it } from 'vitest';
import type { ClusterAuthType } from '../../../reconciler/run/clusters/build-kubeconfig.ts';
import { buildKubeconfig } from '../../../reconciler/run/clusters/build-kubeconfig.ts';

const SERVER = 'https://10.0.0.1:6443';

function kubeconfig(user: object, cluster: object = {}): string {
  return JSON.stringify({
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u', namespace: 'x' } }],
    clusters: [{ name: 'c', cluster: { server: SERVER, ...cluster } }],
    users: [
      { name: 'u', user },
      { name: 'other', user: { exec: { command: 'rm' } } },
    ],
  });
}

it.each([
  { authType: 'token', credentials: { token: ' t ' }, user: { token: 't' } },
  { authType: 'serviceaccount', credentials: { token: 't' }, user: { token: 't' } },
  {
    authType: 'certificate',
    credentials: { clientCertData: '-----BEGIN CERTIFICATE-----', clientKeyData: 'a2V5' },
    user: {
      'client-certificate-data': Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64'),
      'client-key-data': 'a2V5',
    },
  },
  {
    authType: 'kubeconfig',
    credentials: { kubeconfig: kubeconfig({ token: 't', 'as-user': 'x' }) },
    user: { token: 't' },
  },
] as const)('makes one of credentials of the type $authType', ({ authType, credentials, user }) => {
  const access = buildKubeconfig(authType, SERVER, credentials);
  expect(access.server).toBe(SERVER);
  expect(JSON.parse(access.kubeconfig)).toMatchObject({
    clusters: [{ cluster: { server: SERVER } }],
    users: [{ user }],
  });
  expect(access.kubeconfig).not.toMatch(/exec|as-user/);
});

const refused: readonly (readonly [string, ClusterAuthType, object, string | undefined, string])[] = [
  ['no token', 'token', {}, SERVER, 'needs token'],
  [
    'half a certificate',
    'certificate',
    { clientCertData: 'x' },
    SERVER,
    'needs clientCertData and clientKeyData',
  ],
  ['no server', 'token', { token: 'hunter2' }, undefined, 'server must be like'],
  ['plain http elsewhere', 'token', { token: 'hunter2' }, 'http://10.0.0.1', 'server must be like'],
  ['a server with a password', 'token', { token: 'hunter2' }, 'https://a:b@c', 'server must be like'],
  ['any server', 'token', { token: 'hunter2', insecure: true }, SERVER, 'insecure is not taken'],
  ['no kubeconfig', 'kubeconfig', {}, undefined, 'needs kubeconfig'],
  ['no YAML', 'kubeconfig', { kubeconfig: 'a: [hunter2' }, undefined, 'is not YAML (line 1'],
  ['no context', 'kubeconfig', { kubeconfig: 'a: hunter2' }, undefined, 'has no context'],
  [
    'a program',
    'kubeconfig',
    { kubeconfig: kubeconfig({ exec: { command: 'hunter2' } }) },
    undefined,
    'exec runs a program',
  ],
  [
    'a provider',
    'kubeconfig',
    { kubeconfig: kubeconfig({ 'auth-provider': {} }) },
    undefined,
    'auth-provider',
  ],
  [
    'a file',
    'kubeconfig',
    { kubeconfig: kubeconfig({ 'client-key': '/etc/shadow' }) },
    undefined,
    'client-key names a file',
  ],
  [
    'a file with a token',
    'kubeconfig',
    { kubeconfig: kubeconfig({ tokenFile: '/x' }) },
    undefined,
    'tokenFile names a file',
  ],
  [
    'an authority in a file',
    'kubeconfig',
    { kubeconfig: kubeconfig({}, { 'certificate-authority': '/x' }) },
    undefined,
    'certificate-authority names a file',
  ],
  [
    'a proxy',
    'kubeconfig',
    { kubeconfig: kubeconfig({}, { 'proxy-url': 'http://x' }) },
    undefined,
    'proxy-url',
  ],
  [
    'no check of the server',
    'kubeconfig',
    { kubeconfig: kubeconfig({}, { 'insecure-skip-tls-verify': true }) },
    undefined,
    'insecure-skip-tls-verify',
  ],
  [
    'another server',
    'kubeconfig',
    { kubeconfig: kubeconfig({ token: 't' }) },
    'https://other',
    'names another server',
  ],
];

it.each(refused)('refuses %s, and quotes nothing', (_what, ...[authType, credentials, server, says]) => {
  const build = () => buildKubeconfig(authType, server, credentials);
  expect(build).toThrow(
    expect.objectContaining({ code: 'BAD_OPTIONS', message: expect.stringContaining(says) as string }),
  );
  expect(build).not.toThrow(/hunter2|shadow/);
});
