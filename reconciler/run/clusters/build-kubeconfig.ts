import { ReconcilerError } from '../../base/errors.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import { parseYaml } from '../../config/yaml-document.ts';

export const CLUSTER_AUTH_TYPES = ['kubeconfig', 'serviceaccount', 'token', 'certificate'] as const;

export type ClusterAuthType = (typeof CLUSTER_AUTH_TYPES)[number];

export interface ClusterAccess {
  readonly server: string;
  /** A kubeconfig with this server and its credentials, and nothing else. Secret. */
  readonly kubeconfig: string;
}

/** Members of a user and of a cluster of a kubeconfig that are taken over; they name no file and run no program. */
const USER_KEYS = ['token', 'client-certificate-data', 'client-key-data', 'username', 'password'];
const CLUSTER_KEYS = ['certificate-authority-data', 'tls-server-name'];
/** Members that reach the machine of the daemon, or give up on knowing who answers. */
const REFUSED: Readonly<Record<string, string>> = {
  exec: 'runs a program',
  'auth-provider': 'runs a program or asks a provider',
  'certificate-authority': 'names a file; put its content in certificate-authority-data',
  'client-certificate': 'names a file; put its content in client-certificate-data',
  'client-key': 'names a file; put its content in client-key-data',
  tokenFile: 'names a file; put its content in token',
  'proxy-url': 'leads through a proxy',
  'insecure-skip-tls-verify': 'takes any server for the cluster; give its certificate-authority-data',
};

/**
 * Makes one kubeconfig of whatever credentials were given. Throws BAD_OPTIONS saying what is missing or refused, never a value.
 *
 * @param server address as given; of a kubeconfig its own is taken where there is none
 */
export function buildKubeconfig(
  authType: ClusterAuthType,
  server: string | undefined,
  credentials: object,
): ClusterAccess {
  const given = asFields(credentials) ?? {};
  const value = (key: string): string | undefined => asString(own(given, key))?.trim() || undefined;
  if (own(given, 'insecure') === true)
    throw refuse('insecure is not taken: give caData, the authority of the server');
  if (authType === 'kubeconfig') return fromKubeconfig(value('kubeconfig'), server, value('context'));
  const address = readServer(server);
  const cluster = present({ 'certificate-authority-data': base64(value('caData')) });
  if (authType === 'certificate') {
    const [certificate, key] = [base64(value('clientCertData')), base64(value('clientKeyData'))];
    if (certificate === undefined || key === undefined)
      throw refuse('a cluster of the type certificate needs clientCertData and clientKeyData');
    return write(address, cluster, { 'client-certificate-data': certificate, 'client-key-data': key });
  }
  const token = value('token');
  if (token === undefined) throw refuse(`a cluster of the type ${authType} needs token`);
  return write(address, cluster, { token });
}

function fromKubeconfig(
  text: string | undefined,
  server: string | undefined,
  context?: string,
): ClusterAccess {
  if (text === undefined) throw refuse('a cluster of the type kubeconfig needs kubeconfig');
  const { problems, value } = parseYaml(text);
  const [problem] = problems;
  if (problem !== undefined)
    throw refuse(`the kubeconfig is not YAML (line ${problem.line}, column ${problem.column})`);
  const config = asFields(value) ?? {};
  const wanted = context ?? asString(config['current-context']) ?? '';
  const chosen = member(config, 'contexts', wanted, 'context');
  const cluster = member(config, 'clusters', asString(chosen['cluster']) ?? '', 'cluster');
  const user = member(config, 'users', asString(chosen['user']) ?? '', 'user');
  for (const key of [...Object.keys(cluster), ...Object.keys(user)]) {
    const why = own(REFUSED, key);
    const isOff = own(cluster, key) === false;
    if (why !== undefined && !isOff) throw refuse(`the kubeconfig is refused: ${key} ${why}`);
  }
  const own_ = readServer(asString(cluster['server']));
  if (server !== undefined && server.trim() !== '' && readServer(server) !== own_)
    throw refuse('the kubeconfig names another server');
  return write(own_, pickTexts(cluster, CLUSTER_KEYS), pickTexts(user, USER_KEYS));
}

/** An entry of a list of a kubeconfig by its name. */
function member(config: Fields, list: string, name: string, kind: string): Fields {
  const found = (asList(own(config, list)) ?? [])
    .map((item) => asFields(item))
    .find((item) => item?.['name'] === name);
  const fields = asFields(own(found, kind));
  if (fields === undefined) throw refuse(`the kubeconfig has no ${kind} "${name.slice(0, 100)}"`);
  return fields;
}

function pickTexts(fields: Fields, keys: readonly string[]): Fields {
  return present(Object.fromEntries(keys.map((key) => [key, asString(own(fields, key))])));
}

function present(fields: Readonly<Record<string, string | undefined>>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const SERVER =
  /^(?:https:\/\/[^/@?#%*\\\s]+|http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?)(?:\/[^\s@?#%*\\]*)?$/;

function readServer(text: string | undefined): string {
  const server = text?.trim().replace(/\/+$/, '') ?? '';
  if (server.length <= 500 && SERVER.test(server)) return server;
  throw refuse('server must be like https://host:6443; http is for this machine only');
}

/** Certificates come as PEM, or as base64 of it. */
function base64(text: string | undefined): string | undefined {
  return text?.startsWith('-----BEGIN') === true ? Buffer.from(text).toString('base64') : text;
}

function write(server: string, cluster: Fields, user: Fields): ClusterAccess {
  // The client wants to hear this of a server without TLS, which is on this machine.
  const plain = server.startsWith('http:') ? { 'insecure-skip-tls-verify': true } : {};
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server, ...cluster, ...plain } }],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'user' } }],
    'current-context': 'context',
  });
  return { server, kubeconfig };
}

function refuse(message: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', message);
}
