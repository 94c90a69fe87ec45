import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import process from 'node:process';

/*
 * A browser lets go of all its connections when the network of its machine changes, and each container that an engine starts is such a change. So
 * browsers of tests have a network of their own, in which nothing ever changes; a proxy is their way out.
 */

/** Port of the way out, in the browser's own network. */
const PORT = 8118;

/** Passes connections on to a socket of the file system, which is the same in every network, as long as the browser that it was started for is there. */
const RELAY = `
const { createServer, connect } = require('node:net');
const browser = process.ppid;
setInterval(() => {
  if (process.ppid !== browser) process.exit();
}, 200);
createServer((inside) => {
  const outside = connect(process.argv[2]);
  inside.pipe(outside).pipe(inside);
  inside.on('error', () => outside.destroy());
  outside.on('error', () => inside.destroy());
}).listen(${PORT}, '127.0.0.1');
`;

export interface Apart extends AsyncDisposable {
  /** A program that starts another one apart; takes its path and arguments. */
  readonly program: string;
  /** Arguments for Chromium. */
  readonly flags: readonly string[];
}

/**
 * Prepares a network for one browser. Needs root.
 *
 * @param directory where its files may be
 * @param program that is started in it
 */
export async function createApart(directory: string, program: string): Promise<Apart> {
  const socket = join(directory, 'way-out.sock');
  const relay = join(directory, 'relay.cjs');
  const start = join(directory, 'start-apart.sh');
  const proxy = createServer(passOn).on('connect', passThrough);
  proxy.listen(socket);
  await once(proxy, 'listening');
  await writeFile(relay, RELAY);
  // The browser counts as ended when nobody has its pipes.
  const begin = `"${process.execPath}" "${relay}" "${socket}" </dev/null >/dev/null 2>&1 3>&- 4>&-`;
  const inside = `ip link set lo up; ${begin} & exec "${program}" "$@"`;
  await writeFile(start, `#!/bin/sh\nexec unshare --net -- sh -c '${inside}' sh "$@"\n`);
  await chmod(start, 0o755);
  return {
    program: start,
    flags: [`--proxy-server=http://127.0.0.1:${PORT}`, '--proxy-bypass-list=<-loopback>'],
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url = '' } = incoming;
  const passed = request(url, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  passed.on('error', () => outgoing.destroy());
  outgoing.on('close', () => passed.destroy());
  incoming.pipe(passed);
}

/** Web sockets go through as they are. */
function passThrough({ url = '' }: IncomingMessage, inside: Duplex): void {
  const [host, port] = url.split(':');
  const outside = connect(Number(port), host, () => {
    inside.write('HTTP/1.1 200 OK\r\n\r\n');
    inside.pipe(outside).pipe(inside);
  });
  inside.on('error', () => outside.destroy());
  outside.on('error', () => inside.destroy());
}
