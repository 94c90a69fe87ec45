import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { ApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { createApiClient } from '../../../reconciler/adapters/kubernetes/api/client.ts';
import { asFields, asString } from '../../../reconciler/base/values.ts';
import { freePort } from '../free-port.ts';
import { eventually } from '../eventually.ts';

/** A Kubernetes API server with an etcd of its own, on loopback; no node, so pods stay pending. */
export interface KubernetesServer extends AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Token of an administrator. */
  readonly token: string;
  /** Path of a configuration for it. */
  readonly kubeconfig: string;
  /** `v1.36.2` */
  readonly version: string;
  /** Kills the API server as a crash would; etcd goes on. */
  stop(): Promise<void>;
  /** Runs it again on the same port with the same objects. What its watches could go on from is forgotten. */
  start(): Promise<void>;
}

export interface ServerOptions {
  /** etcd waits for the disk, as one that matters does. Default false. */
  readonly durable?: boolean;
}

const READY_MS = 120_000;
const CONTROLLERS = 'kube-controller-manager';

/**
 * @param assets a folder with `kube-apiserver` and `etcd` (the convention of envtest); the controllers run too where it holds
 *   `kube-controller-manager`
 */
export async function startKubernetesServer(
  assets: string,
  { durable = false }: ServerOptions = {},
): Promise<KubernetesServer> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-kubernetes-'));
  const token = randomBytes(16).toString('hex');
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const url = `https://127.0.0.1:${port}`;
  const files = await writeFiles(root, url, token);
  const controllers = existsSync(join(assets, CONTROLLERS));
  const run = (name: string, args: readonly string[]) => startProgram(root, join(assets, name), args);
  const etcd = await run('etcd', etcdArguments(root, { port: etcdPort, peerPort, durable }));
  const client = createApiClient({ loadConfig: async () => loadConfig(files.kubeconfig) });
  const start = async (): Promise<Program> => {
    const program = await run('kube-apiserver', serverArguments({ root, port, etcdPort, controllers }));
    await awaitReady(client, program);
    return program;
  };
  let server: Program | null = null;
  let manager: Program | null = null;
  const stop = async (): Promise<void> => {
    await server?.end('SIGKILL');
    server = null;
  };
  const dispose = async (): Promise<void> => {
    client.close();
    for (const program of [manager, server, etcd]) await program?.end('SIGKILL');
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    server = await start();
    if (controllers) manager = await run(CONTROLLERS, controllerArguments(root, files.kubeconfig));
    const version = await readVersion(client);
    return {
      url,
      token,
      kubeconfig: files.kubeconfig,
      version,
      stop,
      start: async () => void (server ??= await start()),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

export function loadConfig(file: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(file);
  return config;
}

export async function readVersion(client: ApiClient): Promise<string> {
  const { body } = await client.request({
    method: 'GET',
    path: '/version',
    signal: AbortSignal.timeout(10_000),
  });
  return asString(asFields(body)?.['gitVersion']) ?? 'of an unknown version';
}

interface Files {
  readonly kubeconfig: string;
}

async function writeFiles(root: string, server: string, token: string): Promise<Files> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(join(root, 'sa.key'), privateKey, { mode: 0o600 });
  await writeFile(join(root, 'sa.pub'), publicKey);
  await writeFile(join(root, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  await mkdir(join(root, 'certs'));
  const kubeconfig = join(root, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'private', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'private', context: { cluster: 'private', user: 'admin' } }],
    'current-context': 'private',
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return { kubeconfig };
}

function etcdArguments(
  root: string,
  {
    port,
    peerPort,
    durable,
  }: { readonly port: number; readonly peerPort: number; readonly durable: boolean },
): readonly string[] {
  const url = `http://127.0.0.1:${port}`;
  return [
    `--data-dir=${join(root, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    ...(durable ? [] : ['--unsafe-no-fsync']),
  ];
}

interface Arguments {
  readonly root: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly controllers: boolean;
}

function serverArguments({ root, port, etcdPort, controllers }: Arguments): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--cert-dir=${join(root, 'certs')}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${join(root, 'tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(root, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(root, 'sa.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // A server without controllers has nobody to take away what these leave for them.
    ...(controllers
      ? []
      : [
          '--enable-garbage-collector=false',
          '--disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection',
        ]),
  ];
}

function controllerArguments(root: string, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(root, 'sa.key')}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--secure-port=0',
  ];
}

interface Program {
  readonly child: ChildProcess;
  readonly log: string;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** The kernel ends it with us, even when we are killed. */
async function startProgram(root: string, file: string, args: readonly string[]): Promise<Program> {
  const log = join(root, `${file.split('/').at(-1)}.log`);
  await using output = await open(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], {
    cwd: root,
    stdio: ['ignore', output.fd, output.fd],
  });
  const ended = once(child, 'exit').catch(() => undefined);
  child.unref();
  return {
    child,
    log,
    async end(signal) {
      child.ref();
      if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await ended;
    },
  };
}

async function awaitReady(client: ApiClient, { child, log }: Program): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    try {
      const signal = AbortSignal.timeout(5_000);
      return (await client.request({ method: 'GET', path: '/readyz', signal })).status === 200;
    } catch {
      // Not listening yet, or still starting.
      return false;
    }
  };
  const up = await eventually(isReady, (ready) => ready || child.exitCode !== null, READY_MS);
  if (up) return;
  throw new Error(`kube-apiserver did not start:\n${(await readFile(log, 'utf8')).slice(-2_000)}`);
}
