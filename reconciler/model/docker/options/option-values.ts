import type {
  BlkioDevice,
  BlkioSpec,
  DeviceRequestSpec,
  DeviceSpec,
  LoggingSpec,
  UlimitSpec,
} from './option-types.ts';
import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import { isAddress } from '../../../base/ip-address.ts';
import { parseBytes, parseDuration } from '../../../base/units.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, compareText, defined, own, toRecord } from '../../../base/values.ts';

/* Values of single settings of a container. Values of a wrong type are the schema's to report: they are passed over. */

const DEVICE_MODE = /^[rwm]{1,3}$/;

/** `/dev/sda`, `/dev/sda:/dev/xvda`, `/dev/sda:r` or `/dev/sda:/dev/xvda:rwm`. */
export function parseDevice(text: string): DeviceSpec | Problem {
  if (/^[^/:]+\/[^/:]+=[^/:]+$/.test(text)) {
    return {
      problem: `"${text}" names a CDI device, which is not supported`,
      hint: 'name the device by its path, or use gpus',
      code: 'UNSUPPORTED_KEY',
    };
  }
  const [source = '', second, third, ...rest] = text.split(':');
  const short = second !== undefined && third === undefined && DEVICE_MODE.test(second);
  return deviceOf(text, {
    source,
    target: short || second === undefined ? source : second,
    permissions: (short ? second : third) ?? 'rwm',
    ...(rest.length > 0 ? { target: '' } : {}),
  });
}

/** Compose's long form. */
export function readDevice(fields: Fields): DeviceSpec | Problem {
  const source = asString(fields['source']) ?? '';
  const target = asString(fields['target']) ?? source;
  return deviceOf(source, { source, target, permissions: asString(fields['permissions']) ?? 'rwm' });
}

function deviceOf(text: string, device: DeviceSpec): DeviceSpec | Problem {
  const { source, target, permissions } = device;
  if (source.startsWith('/') && target.startsWith('/') && DEVICE_MODE.test(permissions)) return device;
  return { problem: `"${text}" is not a device`, hint: 'such as /dev/ttyUSB0 or /dev/sda:/dev/xvda:rw' };
}

/** `db:10.0.0.5`, `db=10.0.0.5`, `db:[fd00::1]` as `db:10.0.0.5`. */
export function parseExtraHost(text: string): string | Problem {
  const [, host, address] = /^([^:=\s]+)[:=](.+)$/.exec(text) ?? [];
  if (host === undefined || address === undefined) {
    return { problem: `"${text}" is not a host with its address`, hint: 'such as db=10.0.0.5' };
  }
  return extraHost(host, address);
}

export function extraHost(host: string, text: string): string | Problem {
  const address = text.trim().replace(/^\[(.*)\]$/, '$1');
  if (address === 'host-gateway') return `${host}:${address}`;
  if (!isAddress(address)) {
    return { problem: `"${text}" is not an IP address`, hint: 'such as 10.0.0.5, fd00::1 or host-gateway' };
  }
  return `${host}:${address}`;
}

/** Ports from one to another, both of them too. */
export interface ExposedPorts {
  readonly from: number;
  readonly to: number;
  readonly protocol: string;
}

/** `3000`, `53/udp` or `8000-8002`. */
export function parseExpose(text: string): ExposedPorts | Problem {
  const [, first, last = first, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  const from = Number(first);
  const to = Number(last);
  if (first === undefined || from < 1 || to > 65_535 || to < from) {
    return { problem: `"${text}" is not a port`, hint: 'such as 3000, 53/udp or 8000-8002' };
  }
  return { from, to, protocol };
}

/** Microseconds: a number, or a duration. */
export function parseMicroseconds(value: string | number): number | Problem {
  if (typeof value === 'number' || /^-?\d+$/.test(value)) return Number(value);
  const milliseconds = parseDuration(value);
  return isProblem(milliseconds) ? milliseconds : Math.round(milliseconds * 1_000);
}

export function readUlimits(value: unknown): Readonly<Record<string, UlimitSpec>> | undefined {
  const fields = asFields(value);
  if (!fields) return undefined;
  return toRecord(
    Object.keys(fields)
      .sort()
      .map((name): readonly [string, UlimitSpec] => {
        const limit = asFields(own(fields, name));
        const hard = Number(limit ? (limit['hard'] ?? limit['soft']) : own(fields, name));
        return [name, { soft: limit ? Number(limit['soft'] ?? hard) : hard, hard }];
      }),
  );
}

export function readLogging(value: unknown): LoggingSpec | undefined {
  const fields = asFields(value);
  if (!fields) return undefined;
  return defined({ driver: asString(fields['driver']), options: readTexts(fields['options']) });
}

/** A map of scalars as texts, by name; `null` is the empty text. */
export function readTexts(value: unknown): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(asFields(value) ?? {});
  if (entries.length === 0) return undefined;
  const texts = entries.map(([name, member]) => [name, textOf(member)] as const);
  return toRecord(texts.sort(([a], [b]) => compareText(a, b)));
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

export function readBlkio(value: unknown): BlkioSpec | undefined {
  const fields = asFields(value);
  if (!fields) return undefined;
  return defined({
    weight: optionalNumber(fields['weight']),
    weightDevice: readBlkioDevices(fields['weight_device'], 'weight'),
    readBps: readBlkioDevices(fields['device_read_bps'], 'rate'),
    writeBps: readBlkioDevices(fields['device_write_bps'], 'rate'),
    readIops: readBlkioDevices(fields['device_read_iops'], 'rate'),
    writeIops: readBlkioDevices(fields['device_write_iops'], 'rate'),
  });
}

function readBlkioDevices(value: unknown, key: 'weight' | 'rate'): readonly BlkioDevice[] | undefined {
  const devices = (asList(value) ?? []).flatMap((item): BlkioDevice[] => {
    const fields = asFields(item);
    const path = asString(fields?.['path']);
    const amount = fields?.[key];
    if (path === undefined || (typeof amount !== 'string' && typeof amount !== 'number')) return [];
    const number = parseBytes(amount);
    return isProblem(number) ? [] : [{ path, value: number }];
  });
  return devices.length > 0 ? devices : undefined;
}

export function optionalNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** `gpus: all`, or a list of requests; `gpu` is added to what they must be able to do. */
export function readGpus(value: unknown): readonly (DeviceRequestSpec | Problem)[] {
  if (value === 'all') return [{ count: -1, capabilities: ['gpu'] }];
  return (asList(value) ?? []).map((item) => readRequest(asFields(item) ?? {}, ['gpu']));
}

export function readRequest(fields: Fields, always: readonly string[]): DeviceRequestSpec | Problem {
  const ids = texts(fields['device_ids']);
  const count = fields['count'];
  if (ids.length > 0 && count !== undefined) {
    return { problem: 'says both count and device_ids', hint: 'use one of them', code: 'INVALID_VALUE' };
  }
  return defined({
    driver: asString(fields['driver']),
    count: ids.length > 0 ? undefined : count === 'all' ? -1 : (optionalNumber(count) ?? -1),
    deviceIds: ids.length > 0 ? ids : undefined,
    capabilities: [...new Set([...texts(fields['capabilities']), ...always])],
    options: readTexts(listToMap(fields['options'])),
  });
}

/** `[a=b]` as `{ a: b }`. */
export function listToMap(value: unknown): unknown {
  const list = asList(value);
  if (!list) return value;
  return toRecord(
    texts(list).map((text) => {
      const [name = '', member = ''] = text.split(/=(.*)/s);
      return [name, member] as const;
    }),
  );
}

/** A text or a list of texts and numbers. */
export function texts(value: unknown): readonly string[] {
  const list = asList(value) ?? (value === undefined ? [] : [value]);
  return list.flatMap((item) => (typeof item === 'string' || typeof item === 'number' ? [String(item)] : []));
}

/** A duration in milliseconds. Wrong texts are left out: the schema has reported them. */
export function readDuration(value: unknown): number | undefined {
  const text = asString(value);
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  return isProblem(milliseconds) ? undefined : milliseconds;
}
