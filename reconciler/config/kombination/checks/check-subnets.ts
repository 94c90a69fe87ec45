import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { AddressRange } from '../../../base/ip-address.ts';
import { parseAddress, parseRange, rangesOverlap } from '../../../base/ip-address.ts';
import type { NetworkModel } from '../kombination.ts';

/** Subnets that an engine or the machine has already, unless somebody set them up otherwise. */
const RESERVED = [
  { range: '172.17.0.0/16', owner: 'the default network of Docker' },
  { range: '127.0.0.0/8', owner: 'the machine itself' },
  { range: '169.254.0.0/16', owner: 'link-local addresses' },
  { range: '224.0.0.0/3', owner: 'multicast and reserved addresses' },
  { range: '0.0.0.0/8', owner: 'nobody in particular' },
] as const;

/** Checks the subnets that networks ask for: their form, ranges that are taken, and each other. */
export function checkSubnets(
  networks: Readonly<Record<string, NetworkModel>>,
  diagnostics: DiagnosticCollector,
): void {
  const seen: { readonly range: AddressRange; readonly network: string; readonly text: string }[] = [];
  for (const [network, { ipam }] of Object.entries(networks)) {
    for (const [index, { subnet, gateway }] of (ipam?.config ?? []).entries()) {
      const path = ['networks', network, 'ipam', 'config', index];
      if (subnet === undefined) continue;
      const range = readSubnet(subnet, [...path, 'subnet'], diagnostics);
      if (!range) continue;
      const at = [...path, 'subnet'];
      const owner = RESERVED.find((each) => rangesOverlap(range, parseRange(each.range)))?.owner;
      if (owner !== undefined) {
        diagnostics.error('RESERVED_RANGE', at, `${subnet} belongs to ${owner}`, {
          hint: 'such as 10.20.0.0/24',
        });
      }
      const other = seen.find((each) => rangesOverlap(range, each.range));
      if (other) {
        diagnostics.error(
          'INVALID_VALUE',
          at,
          `${subnet} overlaps ${other.text} of the network ${other.network}`,
        );
      }
      seen.push({ range, network, text: subnet });
      const address = gateway === undefined ? undefined : parseAddress(gateway);
      if (address !== undefined && (address < range.first || address > range.last)) {
        diagnostics.error('INVALID_VALUE', [...path, 'gateway'], `${gateway} is not in ${subnet}`);
      }
    }
  }
}

/** The range of an IPv4 subnet; that of IPv6 is only looked at. */
function readSubnet(
  text: string,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): AddressRange | undefined {
  const range = parseRange(text);
  if (range) return range;
  const [address = '', length = ''] = text.split('/');
  const isV6 = /^[0-9a-f:.]+$/i.test(address) && address.includes(':') && /^\d{1,3}$/.test(length);
  if (isV6 && Number(length) <= 128) return undefined;
  diagnostics.error('INVALID_CIDR', path, `"${text}" is not a subnet`, { hint: 'such as 10.20.0.0/24' });
  return undefined;
}
