import { RemoteError } from '../errors.ts';
import { cutShort, FLUSH, formatPacket, readPackets } from './pkt-line.ts';
import type { RefUpdate, UpdateResult } from './transport.ts';
import { judgeRejection } from './transport.ts';

/* A push: the moves of refs that go before its pack, and what the remote reports of each (gitprotocol-pack). */

const ZERO_ID = '0'.repeat(40);
const CAPABILITIES = '\0 report-status delete-refs agent=kombinator';

export function formatCommands(updates: readonly RefUpdate[]): Buffer[] {
  const lines = updates.map(({ ref, from, to }, index) =>
    formatPacket(`${from ?? ZERO_ID} ${to ?? ZERO_ID} ${ref}${index === 0 ? CAPABILITIES : ''}\n`),
  );
  return [...lines, FLUSH];
}

/**
 * Reads what became of each move.
 *
 * @param place repository, as errors tell of it
 * @throws REPOSITORY_UNREACHABLE where the report is cut short: then nobody knows
 */
export async function readReport(
  updates: readonly RefUpdate[],
  body: AsyncIterable<Uint8Array>,
  place: string,
): Promise<readonly UpdateResult[]> {
  const lines: string[] = [];
  for await (const packet of readPackets(body, place)) {
    if (packet !== null) lines.push(packet.toString('utf8').trim());
  }
  const unpack = lines.find((line) => line.startsWith('unpack '));
  const refusal = lines.find((line) => line.startsWith('ERR '))?.slice('ERR '.length);
  if (refusal !== undefined) throw new RemoteError(`${place}: the Git server refuses: ${refusal}`);
  if (unpack === undefined) throw cutShort(place);
  const told = new Map(lines.map((line) => [line.split(' ', 2).join(' '), line]));
  return updates.map(({ ref }): UpdateResult => {
    if (unpack !== 'unpack ok') return judgeRejection(ref, unpack);
    if (told.has(`ok ${ref}`)) return { ref, outcome: 'done', reason: '' };
    const rejected = told.get(`ng ${ref}`);
    return judgeRejection(ref, rejected?.slice(`ng ${ref} `.length) ?? 'the server did not report');
  });
}
