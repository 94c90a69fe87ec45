import { once } from 'node:events';

/* Looks into a process through Node's inspector: what it holds on to after a collection, without any code of its own for that. */

export interface Vitals {
  /** Bytes in use after a collection. */
  readonly heapBytes: number;
  /** Bytes of array buffers that are reachable: they are not on the heap. */
  readonly bufferBytes: number;
  readonly residentBytes: number;
  /** Handles that keep the process alive, timers left out. */
  readonly handles: number;
  readonly timers: number;
  /** Listeners of every emitter and abort signal that is still reachable. */
  readonly listeners: number;
}

/** Evaluated in the process. Counts what queries of the inspector have found. */
const COUNT_LISTENERS = `function () {
  const { getEventListeners } = process.getBuiltinModule('node:events');
  let count = 0;
  for (const one of this) {
    try {
      count += one instanceof AbortSignal
        ? getEventListeners(one, 'abort').length
        : one.eventNames().reduce((sum, name) => sum + one.listenerCount(name), 0);
    } catch {}
  }
  return count;
}`;
const COUNT_REST = `(() => {
  const active = process.getActiveResourcesInfo();
  const timers = active.filter((name) => name === 'Timeout' || name === 'Immediate').length;
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, bufferBytes: arrayBuffers, residentBytes: rss, handles: active.length - timers, timers };
})()`;
const PROTOTYPES = [
  `process.getBuiltinModule('node:events').EventEmitter.prototype`,
  'AbortSignal.prototype',
];
const PATIENCE_MS = 120_000;

/** @param log what the process has written: Node says there where its inspector listens */
export async function readVitals(log: string): Promise<Vitals> {
  const url = [...log.matchAll(/Debugger listening on (ws:\S+)/g)].at(-1)?.[1];
  if (url === undefined) throw new Error('the process says nothing of an inspector');
  using session = await openSession(url);
  const { call } = session;
  await call('HeapProfiler.collectGarbage');
  const rest = await call('Runtime.evaluate', { expression: COUNT_REST, returnByValue: true });
  let listeners = 0;
  for (const expression of PROTOTYPES) {
    const prototype = await call('Runtime.evaluate', { expression });
    const found = await call('Runtime.queryObjects', { prototypeObjectId: prototype.result.objectId });
    const counted = await call('Runtime.callFunctionOn', {
      functionDeclaration: COUNT_LISTENERS,
      objectId: found.objects.objectId,
      returnByValue: true,
    });
    listeners += counted.result.value;
    await call('Runtime.releaseObject', { objectId: found.objects.objectId });
    await call('Runtime.releaseObject', { objectId: prototype.result.objectId });
  }
  return { ...rest.result.value, listeners };
}

type Result = ReturnType<typeof JSON.parse>;

interface Session extends Disposable {
  call(method: string, params?: object): Promise<Result>;
}

async function openSession(url: string): Promise<Session> {
  const socket = new WebSocket(url);
  await once(socket, 'open', { signal: AbortSignal.timeout(PATIENCE_MS) });
  const waiting = new Map<number, (answer: Result) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data));
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return {
    async call(method, params = {}) {
      const id = ++last;
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const timer = setTimeout(
        () => reject(new Error(`the inspector does not answer ${method}`)),
        PATIENCE_MS,
      );
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
      const answer = await promise.finally(() => clearTimeout(timer));
      if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
