import { createHash, createHmac } from 'node:crypto';
import type { AwsLogin } from '../../ports/registry-client.ts';

export interface AwsMessage {
  readonly host: string;
  readonly path: string;
  readonly body: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface AwsScope extends AwsLogin {
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * The headers of a POST request, signed with version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * Pure.
 */
export function signAws(message: AwsMessage, scope: AwsScope): Readonly<Record<string, string>> {
  const time = new Date(scope.now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const headers = { ...message.headers, host: message.host, 'x-amz-date': time };
  const sorted = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = sorted.map(([name]) => name).join(';');
  const lines = sorted.map(([name, value]) => `${name}:${value.trim()}\n`).join('');
  const canonical = ['POST', message.path, '', lines, names, sha256(message.body)].join('\n');
  const credential = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const text = [ALGORITHM, time, credential, sha256(canonical)].join('\n');
  const key = [day, scope.region, scope.service, 'aws4_request'].reduce<Uint8Array>(
    (previous, part) => hmac(previous, part),
    Buffer.from(`AWS4${scope.secretAccessKey.reveal()}`),
  );
  const signature = Buffer.from(hmac(key, text)).toString('hex');
  const { host: _host, ...sent } = headers;
  const authorization = `${ALGORITHM} Credential=${scope.accessKeyId}/${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...sent, authorization };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}
