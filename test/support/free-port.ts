import { createServer } from 'node:net';
import process from 'node:process';

/*
 * Ports that tests choose lie below those that the system hands out for connections and for port 0 (from 32768 on under Linux), and each
 * worker has its own: a port that was free stays free until the test listens on it.
 */
const FIRST = 12_000;
const PER_WORKER = 2_500;
const range = FIRST + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 8) * PER_WORKER;
let next = Math.floor(Math.random() * PER_WORKER);

/** A TCP port that nobody listens on right now, at any address, and that this process gives to nobody else. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PER_WORKER; tries++) {
    const port = range + (next++ % PER_WORKER);
    if (await canListen(port)) return port;
  }
  throw new Error(`no port from ${range} to ${range + PER_WORKER - 1} is free`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
