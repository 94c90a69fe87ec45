import { ANSWERS } from './answer-shapes.ts';
import type { Engine } from './engine.ts';
import type { Transport } from './transport.ts';
import { sessionCalls } from './engine-session.ts';
import { networkCalls, volumeCalls } from './engine-networks.ts';
import { execCalls } from './engine-exec.ts';
import { usageCalls } from './engine-usage.ts';
import { imageCalls } from './engine-images.ts';
import { containerCalls, containerContentCalls, dataCalls } from './engine-containers.ts';

/** Time in which an engine has told of what it remembers. */
const PAST_EVENTS_MS = 10_000;

export function createEngine(transport: Transport): Engine {
  return {
    address: transport.address,
    local: transport.local,
    info: (signal) =>
      transport.json({
        method: 'GET',
        path: '/info',
        answer: ANSWERS.info,
        doing: 'ask for facts',
        signal,
      }),
    version: (signal) =>
      transport.json({
        method: 'GET',
        path: '/version',
        answer: ANSWERS.version,
        doing: 'ask for the version',
        signal,
      }),
    events: (filters, signal, range) =>
      transport.stream({
        method: 'GET',
        path: '/events',
        query: { filters, ...range },
        ...(range === undefined ? {} : { wholeMs: PAST_EVENTS_MS }),
        doing: 'listen to events',
        signal,
      }),
    ...containerCalls(transport),
    ...containerContentCalls(transport),
    ...dataCalls(transport),
    ...execCalls(transport),
    ...sessionCalls(transport),
    ...networkCalls(transport),
    ...volumeCalls(transport),
    ...imageCalls(transport),
    ...usageCalls(transport),
  };
}
