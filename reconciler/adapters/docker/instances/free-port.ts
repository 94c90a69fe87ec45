import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { PortProtocol } from '../../../pods/instance.ts';

export interface PortQuestion {
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly host: string;
}

/** Tells whether a port of this machine can be had right now; an address that is not of this machine tells nothing. */
export function isPortFree(question: PortQuestion): Promise<boolean> {
  return question.protocol === 'UDP' ? isUdpFree(question) : isTcpFree(question);
}

function isTcpFree({ port, host }: PortQuestion): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', (error) => resolve(!isTaken(error)));
  server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}

function isUdpFree({ port, host }: PortQuestion): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.once('error', (error) => {
    socket.close();
    resolve(!isTaken(error));
  });
  socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)));
  return promise;
}

function isTaken(error: Error): boolean {
  return 'code' in error && error.code === 'EADDRINUSE';
}
