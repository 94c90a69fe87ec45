import type { Engine } from './engine.ts';
import type { Transport } from './transport.ts';
import { sessionCalls } from './engine-session.ts';
import { networkCalls, volumeCalls } from './engine-networks.ts';
import { execCalls } from './engine-exec.ts';
import { imageCalls } from './engine-images.ts';
import { containerCalls, containerContentCalls } from './engine-containers.ts';
export function createEngine(transport: Transport): Engine {
  return {
    address: transport.address,
    local: transport.local,
    info: (signal) => transport.json({ method: 'GET', path: '/info', doing: 'ask for facts', signal }),
    version: (signal) =>
      transport.json({ method: 'GET', path: '/version', doing: 'ask for the version', signal }),
    events: (filters, signal, range) =>
      transport.stream({
        method: 'GET',
        path: '/events',
        query: { filters, ...range },
        doing: 'listen to events',
        signal,
      }),
    ...containerCalls(transport),
    ...containerContentCalls(transport),
    ...execCalls(transport),
    ...sessionCalls(transport),
    ...networkCalls(transport),
    ...volumeCalls(transport),
    ...imageCalls(transport),
  };
}
