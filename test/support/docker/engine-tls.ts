import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { freePort } from '../free-port.ts';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TlsListener {
  readonly host: string;
  readonly port: number;
  /** Paths of PEM files for a client. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates for an engine and its clients below its root, and finds a port for it. */
export async function createTlsListener(root: string): Promise<TlsListener> {
  const dir = join(root, 'certs');
  await mkdir(dir);
  const path = (name: string) => join(dir, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', [
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=test ca',
    '-keyout',
    path('ca-key.pem'),
    '-out',
    path('ca.pem'),
  ]);
  for (const name of ['server', 'client']) {
    const extensions = path(`${name}.ext`);
    await writeFile(
      extensions,
      name === 'server'
        ? 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n'
        : 'extendedKeyUsage=clientAuth\n',
    );
    await run('openssl', [
      'req',
      '-new',
      ...key,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      path(`${name}-key.pem`),
      '-out',
      path(`${name}.csr`),
    ]);
    await run('openssl', [
      'x509',
      '-req',
      '-days',
      '2',
      '-in',
      path(`${name}.csr`),
      '-extfile',
      extensions,
      '-CA',
      path('ca.pem'),
      '-CAkey',
      path('ca-key.pem'),
      '-CAcreateserial',
      '-out',
      path(`${name}-cert.pem`),
    ]);
  }
  return {
    host: '127.0.0.1',
    port: await freePort(),
    ca: path('ca.pem'),
    cert: path('client-cert.pem'),
    key: path('client-key.pem'),
  };
}

/** Options of dockerd for such a listener. */
export function tlsArguments(root: string, tls: TlsListener): string[] {
  return [
    `--host=tcp://127.0.0.1:${tls.port}`,
    '--tlsverify',
    `--tlscacert=${tls.ca}`,
    `--tlscert=${join(root, 'certs', 'server-cert.pem')}`,
    `--tlskey=${join(root, 'certs', 'server-key.pem')}`,
  ];
}
