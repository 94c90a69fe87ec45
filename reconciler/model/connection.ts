import type { Problem } from '../base/problem.ts';
import type { DockerConnection } from './target.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asNumber, asString, defined } from '../base/values.ts';

const FORMS = 'localhost, unix:///path, tcp://host:2376, ssh://user@host, or a host name';
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])$/;

/** `connection` of a node, already checked against the schema. A bare host is reached over SSH, as v1.0 has it. */
export function readConnection(fields: Fields): DockerConnection | Problem | undefined {
  const host = asString(fields['host']);
  if (host === undefined) return undefined;
  if (['localhost', '127.0.0.1', '::1', '[::1]'].includes(host)) return { type: 'local' };
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+]*):\/\/(.*)$/s.exec(host) ?? [undefined, 'ssh', host];
  switch (scheme) {
    case 'unix':
      if (!rest.startsWith('/'))
        return { problem: `"${host}" has no absolute path`, hint: 'unix:///run/docker.sock' };
      return { type: 'unix', path: rest };
    case 'tcp':
      return readTcp(fields, rest);
    case 'ssh':
      return readSsh(fields, rest);
    default:
      return { problem: `"${host}" is not a way to reach an engine`, hint: FORMS };
  }
}

function readTcp(fields: Fields, rest: string): DockerConnection | Problem {
  const address = readAddress(rest, fields);
  if ('problem' in address) return address;
  const files = asFields(fields['tls']);
  const ca = asString(files?.['ca']);
  const cert = asString(files?.['cert']);
  const key = asString(files?.['key']);
  const tls = ca && cert && key ? { ca, cert, key } : undefined;
  return defined({
    type: 'tcp' as const,
    host: address.host,
    port: address.port ?? (tls ? 2376 : 2375),
    tls,
  });
}

function readSsh(fields: Fields, rest: string): DockerConnection | Problem {
  const split = rest.lastIndexOf('@');
  const user = split === -1 ? undefined : rest.slice(0, split);
  if (user !== undefined && !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(user)) {
    return {
      problem: `"${user.replace(/:.*/, ':…')}" is not a user name`,
      hint: 'ssh://user@host; no passwords',
    };
  }
  const address = readAddress(rest.slice(split + 1), fields);
  if ('problem' in address) return address;
  return defined({
    type: 'ssh' as const,
    host: address.host,
    port: address.port ?? 22,
    user: user ?? asString(fields['user']) ?? 'root',
    keyPath: asString(fields['ssh_key']),
  });
}

function readAddress(text: string, fields: Fields): { host: string; port: number | undefined } | Problem {
  // A bare IPv6 address has colons of its own.
  const bare = (text.match(/:/g) ?? []).length > 1 && !text.startsWith('[');
  const [, host = '', port] = bare ? ['', `[${text}]`] : (/^(.*?)(?::(\d+))?\/?$/s.exec(text) ?? []);
  if (!HOST.test(host)) return { problem: `"${text}" is not a host`, hint: FORMS };
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    return { problem: `port ${port} is out of range`, code: 'OUT_OF_RANGE', hint: '1 to 65535' };
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port ? Number(port) : asNumber(fields['port']) };
}
