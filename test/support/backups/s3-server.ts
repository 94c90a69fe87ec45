import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Objects in memory, asked for in the words of S3, as far as rclone speaks them. Signatures are not looked at. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** Contents by `bucket/key`. */
  readonly objects: Map<string, Buffer>;
  /** Uploads in parts that are open. */
  readonly uploads: Map<string, Map<number, Buffer>>;
}

export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const uploads: S3Server['uploads'] = new Map();
  const server = createServer((request, response) => {
    void answer({ objects, uploads }, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    uploads,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type State = Pick<S3Server, 'objects' | 'uploads'>;

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decodeURIComponent(url.pathname.slice(1));
  const [bucket = '', ...rest] = path.split('/');
  const key = rest.join('/');
  const body = await buffer(request);
  if (key === '') {
    if (request.method !== 'GET') return void response.writeHead(200).end();
    return sendXml(response, listing(state, bucket, url.searchParams));
  }
  switch (request.method) {
    case 'PUT':
      return put(state, { path, query: url.searchParams, request, body }, response);
    case 'POST':
      return post(state, { path, query: url.searchParams }, response);
    case 'DELETE':
      state.objects.delete(path);
      return void response.writeHead(204).end();
    default:
      return get(state, path, request, response);
  }
}

interface Put {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

function put(
  { objects, uploads }: State,
  { path, query, request, body }: Put,
  response: ServerResponse,
): void {
  const source = request.headers['x-amz-copy-source'];
  const upload = query.get('uploadId');
  if (upload !== null) {
    uploads.get(upload)?.set(Number(query.get('partNumber')), body);
    return void response.writeHead(200, { etag: etagOf(body) }).end();
  }
  if (typeof source !== 'string') {
    objects.set(path, body);
    return void response.writeHead(200, { etag: etagOf(body) }).end();
  }
  const from = objects.get(decodeURIComponent(source).replace(/^\//, ''));
  if (from === undefined) return void response.writeHead(404).end();
  objects.set(path, from);
  sendXml(
    response,
    `<CopyObjectResult><ETag>${etagOf(from)}</ETag><LastModified>${MODIFIED}</LastModified></CopyObjectResult>`,
  );
}

function post(
  { objects, uploads }: State,
  { path, query }: Pick<Put, 'path' | 'query'>,
  response: ServerResponse,
): void {
  const upload = query.get('uploadId');
  if (upload === null) {
    const id = `upload-${uploads.size + 1}`;
    uploads.set(id, new Map());
    return sendXml(
      response,
      `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  const parts = [...(uploads.get(upload) ?? [])].sort(([a], [b]) => a - b).map(([, part]) => part);
  uploads.delete(upload);
  const whole = Buffer.concat(parts);
  objects.set(path, whole);
  sendXml(
    response,
    `<CompleteMultipartUploadResult><ETag>${etagOf(whole)}</ETag></CompleteMultipartUploadResult>`,
  );
}

const MODIFIED = '2026-11-30T00:00:00.000Z';

function get({ objects }: State, path: string, request: IncomingMessage, response: ServerResponse): void {
  const found = objects.get(path);
  if (found === undefined) return void response.writeHead(404).end();
  const headers = { etag: etagOf(found), 'last-modified': new Date(MODIFIED).toUTCString() };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const part =
    first === undefined ? found : found.subarray(Number(first), last ? Number(last) + 1 : undefined);
  response.writeHead(first === undefined ? 200 : 206, { ...headers, 'content-length': part.length });
  response.end(request.method === 'HEAD' ? undefined : part);
}

function listing({ objects }: State, bucket: string, query: URLSearchParams): string {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const isEncoded = query.get('encoding-type') === 'url';
  const written = (text: string) => (isEncoded ? encodeURIComponent(text).replaceAll('%2F', '/') : text);
  const prefixes = new Set<string>();
  const contents: string[] = [];
  for (const [path, content] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith(`${bucket}/${prefix}`)) continue;
    const key = path.slice(bucket.length + 1);
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end >= 0) prefixes.add(key.slice(0, end + 1));
    else
      contents.push(
        `<Contents><Key>${written(key)}</Key><LastModified>${MODIFIED}</LastModified><ETag>${etagOf(content)}</ETag><Size>${content.length}</Size></Contents>`,
      );
  }
  const common = [...prefixes].map(
    (one) => `<CommonPrefixes><Prefix>${written(one)}</Prefix></CommonPrefixes>`,
  );
  return `<ListBucketResult><Name>${bucket}</Name><IsTruncated>false</IsTruncated>${isEncoded ? '<EncodingType>url</EncodingType>' : ''}${contents.join('')}${common.join('')}</ListBucketResult>`;
}

function etagOf(content: Buffer): string {
  return `"${createHash('md5').update(content).digest('hex')}"`;
}

function sendXml(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}
