import { RemoteError } from '../errors.ts';
import { cutShort, DELIMITER, FLUSH, formatPacket } from './pkt-line.ts';
import type { RemoteRefs } from './transport.ts';
import { takeRefs } from './transport.ts';

/*
 * Questions for the refs of a remote, and its answers: protocol 2 with `ls-refs` (gitprotocol-v2), which lists those that were asked for, and
 * the protocols before it (gitprotocol-pack), which list everything at once. Pure.
 */

/** First answer of a remote: what it can do, or already all of its refs. */
export type Advertisement = { readonly version: 2 } | { readonly version: 0; readonly listed: RemoteRefs };

type Packets = AsyncIterable<Buffer | null>;

const PEELED = '^{}';

/**
 * Reads what a remote says first, up to its flush. A remote that was asked for protocol 2 and does not know it answers as it always did.
 *
 * @param place repository, as errors tell of it
 * @returns `null` where it is no answer of a Git server
 * @throws GIT_ERROR with the reason where the server refuses, REPOSITORY_UNREACHABLE where the answer is cut short
 */
export async function readAdvertisement(packets: Packets, place: string): Promise<Advertisement | null> {
  const lines = await readSection(packets, place);
  const first = lines[0] ?? '';
  // The service is named first over http, in a section of its own; most servers leave that out with protocol 2.
  if (first.startsWith('# service=')) {
    return readFirst(await readSection(packets, place), place);
  }
  return readFirst(lines, place);
}

function readFirst(lines: readonly string[], place: string): Advertisement | null {
  const [first = ''] = lines;
  if (first === 'version 2') {
    if (!lines.some((line) => /^ls-refs(=|$)/.test(line))) return null;
    const format = lines.find((line) => line.startsWith('object-format='))?.slice('object-format='.length);
    if (format !== undefined && format !== 'sha1')
      throw new RemoteError(`${place}: the repository has object ids of ${format}, and only sha1 is read`);
    return { version: 2 };
  }
  const listed = first === 'version 1' ? lines.slice(1) : lines;
  if (listed.length === 0) return { version: 0, listed: { head: null, refs: new Map(), covers: [''] } };
  if (!/^[0-9a-f]{40} /.test(listed[0] ?? '')) return null;
  const capabilities = listed[0]?.split('\0')[1] ?? '';
  const head = /(?:^| )symref=HEAD:refs\/heads\/(\S+)/.exec(capabilities)?.[1] ?? null;
  const refs = listed.map((line): readonly [string, string] => {
    const [id = '', name = ''] = (line.split('\0')[0] ?? '').split(' ');
    return [name, id];
  });
  return { version: 0, listed: { head, refs: takeRefs(refs), covers: [''] } };
}

/** A request for the refs whose names begin with one of these, and for the branch that HEAD names. */
export function formatLsRefs(prefixes: readonly string[]): Buffer {
  return Buffer.concat([
    formatPacket('command=ls-refs\n'),
    DELIMITER,
    formatPacket('symrefs\n'),
    ...['HEAD', ...prefixes].map((prefix) => formatPacket(`ref-prefix ${prefix}\n`)),
    FLUSH,
  ]);
}

/**
 * Reads the answer to `formatLsRefs`.
 *
 * @param prefixes that were asked for; a server may list more
 */
export async function readLsRefs(
  packets: Packets,
  { prefixes, place }: { readonly prefixes: readonly string[]; readonly place: string },
): Promise<RemoteRefs> {
  let head: string | null = null;
  const refs: (readonly [string, string])[] = [];
  for (const line of await readSection(packets, place)) {
    const [id = '', name = '', ...attributes] = line.split(' ');
    const target = attributes.find((one) => one.startsWith('symref-target:'))?.slice('symref-target:'.length);
    refs.push([name, id]);
    if (name !== 'HEAD' || target?.startsWith('refs/heads/') !== true) continue;
    head = target.slice('refs/heads/'.length);
    // Its own line may not have been asked for.
    refs.push([target, id]);
  }
  return { head, refs: takeRefs(refs), covers: prefixes };
}

/** Lines up to the flush. */
async function readSection(packets: Packets, place: string): Promise<readonly string[]> {
  const iterator = packets[Symbol.asyncIterator]();
  const lines: string[] = [];
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true) throw cutShort(place);
    if (value === null) return lines;
    const line = value.toString('utf8').replace(/\n$/, '');
    if (line.startsWith('ERR ')) throw new RemoteError(`${place}: the Git server refuses: ${line.slice(4)}`);
    if (!line.split('\0')[0]?.endsWith(PEELED) || lines.length === 0) lines.push(line);
  }
}
