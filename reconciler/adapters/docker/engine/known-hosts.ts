import { createHmac } from 'node:crypto';

export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

interface KnownHostLine {
  readonly marker: string | null;
  readonly patterns: string;
  readonly type: string;
  readonly key: string;
}

/**
 * Judges the key that an SSH server shows, by the text of a `known_hosts` file (OpenSSH format: plain and hashed
 * names, `[host]:port`, `*` and `?`, negation, `@revoked`; `@cert-authority` lines are passed over).
 */
export function checkHostKey(knownHosts: string, host: string, port: number, key: Buffer): HostKeyVerdict {
  const lines = matchingLines(knownHosts, host, port);
  const shown = key.toString('base64');
  if (lines.some((line) => line.marker === '@revoked' && line.key === shown)) return 'revoked';
  const trusted = lines.filter((line) => line.marker === null);
  if (trusted.some((line) => line.key === shown)) return 'known';
  return trusted.length > 0 ? 'changed' : 'unknown';
}

/** Key types known for a host, in the order of the file: the server is asked for one that can be checked. */
export function knownKeyTypes(knownHosts: string, host: string, port: number): readonly string[] {
  const types = matchingLines(knownHosts, host, port)
    .filter((line) => line.marker === null)
    .map((line) => line.type);
  return [...new Set(types)];
}

function matchingLines(knownHosts: string, host: string, port: number): KnownHostLine[] {
  const name = port === 22 ? host : `[${host}]:${port}`;
  return knownHosts
    .split('\n')
    .map(parseLine)
    .filter((line) => line !== null)
    .filter((line) => matchesHost(line.patterns, name.toLowerCase()));
}

function parseLine(text: string): KnownHostLine | null {
  const fields = text.trim().split(/\s+/);
  const marker = fields[0]?.startsWith('@') ? (fields.shift() ?? null) : null;
  const [patterns, type, key] = fields;
  if (!patterns || patterns.startsWith('#') || !type || !key) return null;
  return { marker, patterns, type, key };
}

function matchesHost(patterns: string, name: string): boolean {
  if (patterns.startsWith('|1|')) return matchesHash(patterns, name);
  let matched = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

function matchesHash(pattern: string, name: string): boolean {
  const [, , salt, hash] = pattern.split('|');
  if (!salt || !hash) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`).test(name);
}
