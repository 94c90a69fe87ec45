import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorMessage } from '../../../reconciler/index.ts';
import { HttpProblem } from '../problem.ts';
import type { Reply } from '../route.ts';
import type { ChannelOptions } from './channel.ts';
import { createChannel } from './channel.ts';
import { assertOrigin } from './origin.ts';
import { isSocketRequest, UpgradeResponse } from './upgrade.ts';

const NORMAL = 1_000;
const FAULT = 1_011;

/**
 * Throws BAD_REQUEST for a request that is none for a web socket, or whose server does not hand those on (`answerUpgrades`); FORBIDDEN for a page of
 * another origin.
 */
export function assertSocketRequest(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  if (!isSocketRequest(request) || !(response instanceof UpgradeResponse))
    throw new HttpProblem('BAD_REQUEST', 'this is a web socket: ask for it with Upgrade: websocket');
  assertOrigin(request, origins);
}

/**
 * Takes the connection over.
 *
 * @param onFault told what the work threw; the other side is told only that something went wrong
 */
export function acceptSocket(
  response: ServerResponse,
  { accept }: Extract<Reply, { readonly kind: 'socket' }>,
  options: ChannelOptions & { readonly onFault: (error: Error) => void },
): void {
  if (!(response instanceof UpgradeResponse))
    throw new Error('internal: the server does not take web sockets');
  response.upgrade((socket) => {
    const channel = createChannel(socket, options);
    accept(channel).then(
      () => channel.close(NORMAL, ''),
      (error: unknown) => {
        options.onFault(error instanceof Error ? error : new Error(errorMessage(error)));
        channel.close(FAULT, 'something went wrong here; the log has more');
      },
    );
  });
}
