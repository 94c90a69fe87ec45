import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { ReconcilerError } from '../../reconciler/index.ts';

/** Tells the address that a request is from. */
export type ClientAddress = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/** Proxies in a row that are looked through. */
const MAX_HOPS = 10;

/**
 * The address of the connection or, where that is a proxy's, the one that the proxy names last in `X-Forwarded-For`, and so on. What stands
 * before the first address that is no proxy's is the caller's own word, and is not read.
 *
 * @param proxies addresses, or networks such as `10.0.0.0/8`. Throws BAD_OPTIONS for what is neither.
 */
export function createClientAddress(proxies: readonly string[]): ClientAddress {
  const isProxy = createProxyCheck(proxies);
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? '');
    if (proxies.length === 0) return address;
    const named = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').slice(-MAX_HOPS);
    for (const next of named.toReversed().map((text) => plain(text.trim()))) {
      // A proxy that writes what is no address is not looked through.
      if (!isProxy(address) || isIP(next) === 0) break;
      address = next;
    }
    return address;
  };
}

/** Tells addresses of proxies. Throws BAD_OPTIONS for a proxy that is no address and no network. */
export function createProxyCheck(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) addProxy(list, proxy);
  return (address) => {
    const bare = plain(address);
    const version = isIP(bare);
    return version !== 0 && list.check(bare, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function addProxy(list: BlockList, proxy: string): void {
  const [address = '', prefix] = proxy.split('/');
  const version = isIP(address);
  const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix);
  const isRight = version !== 0 && /^\d{1,3}$/.test(prefix ?? '0') && bits <= (version === 6 ? 128 : 32);
  if (!isRight) {
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `proxies: "${proxy}" is no address and no network; write for example 10.0.0.0/8`,
    );
  }
  list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
}

/** An address of version 4 in its own form, without a port where a proxy writes one. */
function plain(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/^\[([^\]]*)\](:\d+)?$/, '$1');
  return bare.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

/** The address itself or, of version 6, the network that one subscriber has: its first 64 bits. */
export function networkOf(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!bare.includes(':')) return bare;
  const [head = '', tail = ''] = bare.toLowerCase().split('::');
  const [first, last] = [head, tail].map((part) => (part === '' ? [] : part.split(':')));
  const missing = Math.max(0, 8 - (first?.length ?? 0) - (last?.length ?? 0));
  const groups = [...(first ?? []), ...Array.from({ length: missing }, () => '0'), ...(last ?? [])];
  return `${groups.slice(0, 4).join(':')}::`;
}
