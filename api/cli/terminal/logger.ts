import pino from 'pino';
import { showLine } from '../../../reconciler/index.ts';
import type { Style } from './terminal.ts';

export interface LoggerOptions {
  readonly level: string;
  /** One line for people, or one JSON object for machines. */
  readonly format: 'json' | 'pretty';
  readonly style: Style;
  /** Writes finished text, line end included. */
  readonly write: (text: string) => void;
}

/** The daemon's log. Times are ISO 8601; keys that may hold a credential are censored whatever is logged. */
export function createLogger({ level, format, style, write }: LoggerOptions): pino.Logger {
  const names = ['password', 'token', 'secret', 'apiKey', 'authorization', 'cookie', 'x-api-key'];
  const quoted = names.map((name) => `["${name}"]`);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...quoted, ...quoted.map((name) => `*${name}`)], censor: '***' },
    },
    { write: (line: string) => write(format === 'json' ? line : `${formatLogLine(line, style)}\n`) },
  );
}

const LEVELS = { debug: 'dim', info: 'good', warn: 'warn', error: 'bad', fatal: 'bad' } as const;

/** `19:04:05 info  message  key=value key=value` from one JSON line; a line that is not JSON comes back as it is. */
export function formatLogLine(line: string, style: Style): string {
  const record = parse(line);
  if (record === undefined) return line.trimEnd();
  const { level, time, msg, err, ...data } = record;
  const name = typeof level === 'string' ? level : 'info';
  const paint = style[isLevel(name) ? LEVELS[name] : 'dim'];
  const clock = typeof time === 'string' ? time.slice(11, 19) : '';
  const pairs = Object.entries(data).map(([key, value]) => `${style.dim(`${key}=`)}${formatValue(value)}`);
  const cause = describeError(err);
  return [
    `${style.dim(clock)} ${paint(name.padEnd(5))} ${typeof msg === 'string' ? msg : ''}`,
    ...(pairs.length > 0 ? [pairs.join(' ')] : []),
    ...(cause === undefined ? [] : [style.bad(showLine(cause))]),
  ].join('  ');
}

function isLevel(name: string): name is keyof typeof LEVELS {
  return Object.hasOwn(LEVELS, name);
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // Something else than pino wrote to the stream.
    return undefined;
  }
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

function describeError(error: unknown): string | undefined {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return undefined;
  return 'message' in error && typeof error.message === 'string' ? error.message : JSON.stringify(error);
}
