import { readFile } from 'node:fs/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { errorMessage, ReconcilerError } from '../../../base/errors.ts';
import { asFields } from '../../../base/values.ts';
import type { Secret } from '../../../model/secret.ts';
import type { KubernetesConnection } from '../../../model/target.ts';

export interface ConnectionOptions {
  readonly connection: KubernetesConnection;
  /** Looks up `secret://…`. */
  readonly resolveSecret: (reference: string) => Promise<Secret> | Secret;
}

const UNUSABLE = 'cannot use the configuration of the cluster';

/**
 * The configuration of a client. A kubeconfig on the control host may name files, and run programs where the operator says so; one that comes out
 * of a secret may do neither.
 *
 * @throws BAD_OPTIONS for what cannot be understood, SECRET_NOT_FOUND
 */
export async function loadKubeConfig({ connection, resolveSecret }: ConnectionOptions): Promise<KubeConfig> {
  // Hundreds of modules that take longer to load than most commands take to run: only who has a cluster waits for them.
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  try {
    switch (connection.type) {
      case 'in-cluster':
        config.loadFromCluster();
        return config;
      case 'kubeconfig':
        return await loadFile(config, connection, resolveSecret);
      case 'server':
        return await loadServer(config, connection, resolveSecret);
      default:
        return connection satisfies never;
    }
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    const message = `${UNUSABLE}: ${errorMessage(error)}`;
    throw new ReconcilerError('BAD_OPTIONS', message, { cause: error, retryable: true });
  }
}

type Resolve = ConnectionOptions['resolveSecret'];

async function loadFile(
  config: KubeConfig,
  { source, context, exec }: Extract<KubernetesConnection, { type: 'kubeconfig' }>,
  resolveSecret: Resolve,
): Promise<KubeConfig> {
  if (/^(?:secret:\/\/|vault:)/.test(source)) {
    const text = (await resolveSecret(source)).reveal();
    readQuietly(source, () => config.loadFromString(text));
    refuseReach(config);
  } else {
    readQuietly(source, () => config.loadFromFile(source));
    if (exec !== true) refusePrograms(config, 'of a cluster');
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new Error(`it has no context ${context}`);
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster()) throw new Error('it has no current context with a cluster');
  return config;
}

/** Messages of the YAML parser quote the file, which may be any of this machine: only the place is told. */
function readQuietly(source: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof Error && error.name === 'YAMLException')
      throw new ReconcilerError('BAD_OPTIONS', notYaml(source, error), { retryable: true });
    if (error instanceof Error && 'code' in error) throw error;
    const missing =
      error instanceof Error ? /^(clusters|users|contexts)\[\d+\]\S* is missing$/.exec(error.message) : null;
    const what = missing === null ? '' : `: ${missing[0]}`;
    throw new ReconcilerError('BAD_OPTIONS', `${UNUSABLE}: ${source} is no kubeconfig${what}`, {
      retryable: true,
    });
  }
}

function notYaml(source: string, error: Error): string {
  const mark = 'mark' in error ? asFields(error.mark) : undefined;
  const [line, column] = [mark?.['line'], mark?.['column']].map((one) => Number(one) + 1);
  const place = mark === undefined ? '' : ` (line ${line}, column ${column})`;
  return `${UNUSABLE}: ${source} is not YAML${place}`;
}

function refusePrograms(config: KubeConfig, where: string): void {
  const runs = config.users.find((user) => user.exec !== undefined || user.authProvider !== undefined);
  if (runs === undefined) return;
  const hint =
    where === IN_A_SECRET
      ? ''
      : '; exec: true beside kubeconfig in the configuration of the operator allows it';
  throw new Error(`the user ${runs.name} of a kubeconfig ${where} may not run a program${hint}`);
}

const IN_A_SECRET = 'in a secret';

function refuseReach(config: KubeConfig): void {
  refusePrograms(config, IN_A_SECRET);
  const names = [
    ...config.users.flatMap(({ certFile, keyFile }) => [certFile, keyFile]),
    ...config.clusters.map(({ caFile }) => caFile),
  ].some((file) => file !== undefined);
  if (names) throw new Error('a kubeconfig in a secret may not name files; put their content in it');
}

async function loadServer(
  config: KubeConfig,
  { url, ca, token, client }: Extract<KubernetesConnection, { type: 'server' }>,
  resolveSecret: Resolve,
): Promise<KubeConfig> {
  const base64 = async (reference: string): Promise<string> => {
    const bytes = reference.startsWith('secret://')
      ? (await resolveSecret(reference)).revealBytes()
      : await readFile(reference);
    return Buffer.from(bytes).toString('base64');
  };
  const cluster = {
    name: 'cluster',
    server: url,
    // The client wants to hear this of a server without TLS, which the schema has on this machine only.
    skipTLSVerify: url.startsWith('http:'),
    ...(ca === undefined ? {} : { caData: await base64(ca) }),
  };
  const user = {
    name: 'user',
    ...(token === undefined ? {} : { token: (await resolveSecret(token)).reveal().trim() }),
    ...(client === undefined
      ? {}
      : { certData: await base64(client.certificate), keyData: await base64(client.key) }),
  };
  config.loadFromClusterAndUser(cluster, user);
  return config;
}
