import { connect } from 'node:net';
import type { ServiceAddress } from '../../operations/daily/addresses.ts';

const TIMEOUT_MS = 1_000;
/** Addresses that are tried; with more of them nobody reads the list. */
const MAX_ADDRESSES = 40;

/** Returns the addresses at which somebody takes a connection now, in their order. Takes a second at most. */
export async function findAnswering(
  addresses: readonly ServiceAddress[],
  signal: AbortSignal,
): Promise<readonly ServiceAddress[]> {
  const tried = addresses.slice(0, MAX_ADDRESSES);
  const answers = await Promise.all(tried.map(({ host, port }) => answersAt(host, port, signal)));
  return tried.filter((_, index) => answers[index]);
}

function answersAt(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const deadline = setTimeout(() => end(false), TIMEOUT_MS);
    const stop = () => end(false);
    const end = (answers: boolean): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(answers);
    };
    signal.addEventListener('abort', stop);
    socket
      .once('connect', () => end(true))
      .once('error', stop)
      .once('timeout', stop);
  });
}
