import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import { parseBytes } from '../../../base/units.ts';
import { asFields, asList, asString, compareText } from '../../../base/values.ts';
import type { ReadContext } from './option.ts';
import type { DeviceRequestSpec, DeviceSpec } from './option-types.ts';
import {
  extraHost,
  optionalNumber,
  parseDevice,
  parseExpose,
  parseExtraHost,
  parseMicroseconds,
  readDevice,
  readGpus,
  readRequest,
  texts,
} from './option-values.ts';

/*
 * Readers of the table of container options: a value as written to the value of a spec. `undefined`: nothing is said. Values of
 * a wrong type are the schema's to report.
 */

export function readText(value: unknown): string | undefined {
  return asString(value) || undefined;
}

/** A number other than zero. */
export function readAmount(value: unknown): number | undefined {
  return optionalNumber(value) || undefined;
}

/** Reads a list in the order in which it is written. */
export function readList(value: unknown): readonly string[] | undefined {
  return filled(texts(value));
}

/** Each once, sorted: their order means nothing. */
export function readSet(value: unknown): readonly string[] | undefined {
  return filled(unique(texts(value)));
}

export function readMicroseconds(
  value: unknown,
  { path, diagnostics }: Pick<ReadContext, 'path' | 'diagnostics'>,
): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return accept(parseMicroseconds(value), path, diagnostics) || undefined;
}

/** Bytes other than zero. */
export function readSize(
  value: unknown,
  { path, diagnostics }: Pick<ReadContext, 'path' | 'diagnostics'>,
): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const bytes = parseBytes(value);
  // Texts of a wrong form are the schema's to report.
  if (isProblem(bytes) && bytes.code === undefined) return undefined;
  return accept(bytes, path, diagnostics) || undefined;
}

/** Accepts each, reports what is wrong where it stands. */
function readEach<T>(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
  read: (item: unknown) => T | Problem | undefined,
): readonly T[] {
  return (asList(value) ?? []).flatMap((item, index) => {
    const result = read(item);
    const accepted = result === undefined ? undefined : accept(result, [...path, index], diagnostics);
    return accepted === undefined ? [] : [accepted];
  });
}

export function readDevices(
  value: unknown,
  { path, diagnostics }: ReadContext,
): readonly DeviceSpec[] | undefined {
  const devices = readEach(value, path, diagnostics, (item) => {
    const fields = asFields(item);
    return fields ? readDevice(fields) : typeof item === 'string' ? parseDevice(item) : undefined;
  });
  return filled(devices);
}

/** `gpus`, and the devices that `deploy` reserves. */
export function readDeviceRequests(
  value: unknown,
  { path, diagnostics, service, servicePath }: ReadContext,
): readonly DeviceRequestSpec[] | undefined {
  const gpus = readGpus(value).flatMap((request, index) => {
    const accepted = accept(request, [...path, ...(isProblem(request) ? [index] : [])], diagnostics);
    return accepted ? [accepted] : [];
  });
  const deploy = asFields(asFields(service['deploy'])?.['resources']);
  const devices = asFields(deploy?.['reservations'])?.['devices'];
  const place = [...servicePath, 'deploy', 'resources', 'reservations', 'devices'];
  const reserved = readEach(devices, place, diagnostics, (item) => readRequest(asFields(item) ?? {}, []));
  return filled([...gpus, ...reserved]);
}

/** Exposed ports of one service, ranges spelled out; as many as it may publish. */
const MAX_EXPOSED = 1_000;

export function readExpose(
  value: unknown,
  { path, diagnostics }: ReadContext,
): readonly string[] | undefined {
  const ports = new Set<string>();
  const ranges = readEach(value, path, diagnostics, (item) =>
    typeof item === 'string' || typeof item === 'number' ? parseExpose(String(item)) : undefined,
  );
  for (const { from, to, protocol } of ranges) {
    for (let port = from; port <= to && ports.size <= MAX_EXPOSED; port += 1)
      ports.add(`${port}/${protocol}`);
    if (ports.size <= MAX_EXPOSED) continue;
    diagnostics.warning('OUT_OF_RANGE', path, `only ${MAX_EXPOSED} ports of a service are exposed`, {
      hint: 'it says what a container listens on, and opens nothing',
    });
    break;
  }
  return filled(unique([...ports].slice(0, MAX_EXPOSED)));
}

export function readExtraHosts(
  value: unknown,
  { path, diagnostics }: Pick<ReadContext, 'path' | 'diagnostics'>,
): readonly string[] | undefined {
  const list = readEach(value, path, diagnostics, (item) =>
    typeof item === 'string' ? parseExtraHost(item) : undefined,
  );
  const map = Object.entries(asFields(value) ?? {}).flatMap(([host, addresses]) =>
    texts(addresses).flatMap(
      (address) => accept(extraHost(host, address), [...path, host], diagnostics) ?? [],
    ),
  );
  return filled(unique([...list, ...map]));
}

/** Names a file that is not on the engine, unless the profile itself stands there. */
const PROFILE = /^seccomp[=:](?!unconfined$|builtin$|\{)/;

export function readSecurity(
  value: unknown,
  { path, diagnostics }: ReadContext,
): readonly string[] | undefined {
  const list = readEach(value, path, diagnostics, (item): string | Problem | undefined => {
    if (typeof item !== 'string') return undefined;
    if (item.startsWith('credentialspec')) return unsupportedOption(item, 'it is for Windows');
    if (PROFILE.test(item)) return unsupportedOption(item, 'write the profile itself: seccomp={…}');
    return item.replace(/^(seccomp|apparmor|label|no-new-privileges|systempaths):/, '$1=');
  });
  return filled(unique(list));
}

function unsupportedOption(text: string, hint: string): Problem {
  return { problem: `${text} is not supported`, hint, code: 'UNSUPPORTED_KEY' };
}

function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)].sort(compareText);
}
