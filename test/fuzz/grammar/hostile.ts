import type { Random } from '../../chaos/random.ts';
import type { Piece } from './piece.ts';
import { list, map, raw, value } from './piece.ts';

/** Names that every object has already, or that something in between takes for its own. */
export const TAKEN_NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'prototype',
  'toJSON',
  'toLocaleString',
  'isPrototypeOf',
  'propertyIsEnumerable',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  'length',
  'name',
  'get',
  'set',
  'has',
  'size',
  'keys',
  'entries',
  'call',
  'apply',
  'bind',
  'caller',
  'arguments',
  'problem',
  'path',
  'kind',
  'code',
];

const CONTROLS: readonly string[] = [
  '\u0000',
  'a\u0000b',
  '\u001b[2J\u001b[1A',
  '\u001b]0;x\u0007',
  '\r\nX: y',
  '\u202egpj.exe',
  '\u2028',
  '\u0085',
  '\ufeff',
  '\ud800',
  '\u200b',
  '\u007f',
  '\t',
];

const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '/',
  '//',
  '/etc/shadow',
  '/proc/self/environ',
  '~',
  '~root/x',
  'a/../../b',
  'C:\\x',
  'null',
  'true',
  'yes',
  'NaN',
  '0',
  '-1',
  '007',
  '1e3',
  '0x10',
  '12:30:45',
  '2001-12-14t21:59:43.10-05:00',
  '💥',
  'ä'.repeat(40),
  '${',
  '${}',
  '${A',
  '${A:-${B:-${C}}}',
  '${__proto__}',
  '${constructor:-x}',
  '${secret:env/__proto__}',
  '${secret:}',
  '$$',
  '$$$',
  '$A$B$$C',
  '{{stack}}',
  '{{__proto__}}',
  '{{value',
  '${{a.b}}',
  'secret://',
  'secret://env/__proto__',
  'secret://env/TOKEN',
  'secret://file/../../x',
  'secret://command/toString',
  'secret://x/y/z?q#f',
  'http://169.254.169.254/',
  'https://[::1',
  'tcp://a:b@c:99999',
  'unix:///var/run/docker.sock',
  'ssh://-oProxyCommand=x',
  ':',
  ':::',
  '::1',
  '0.0.0.0:0:0/tcp',
  '80:80:80:80',
  '99999-1:1',
  '1-65535:1-65535',
  '0-0',
  '999999999999999999999s',
  '1h1h1h',
  '99999999999999999999Gi',
  '1e999',
  '0.0000000001',
  '-0',
  '* * * * *',
  '*/0 * * * *',
  '60 25 32 13 8',
  '0 0 31 2 *',
  '@reboot',
  '@constructor',
  'a=b',
  '=',
  'A=B=C',
  '__proto__=x',
  'key: value',
  '- a',
  '# x',
  '&a',
  '*a',
  '!x',
  '%TAG',
  '@x',
  '`x`',
  '"',
  "'",
  '\\',
  '[',
  '{',
  'service:',
  'service:constructor',
  'container:__proto__',
  'host',
  'sha256:',
  'nginx@sha256:0',
  'nginx:',
  ':latest',
  'NGINX',
  'registry.example.org:99999/a/b/c:d@sha256:e',
  '(a+)+$',
  '*'.repeat(40),
  '*a'.repeat(9) + 'b',
  '**/*a*a*a*a*a*a*b/**',
  '(a|a)*'.repeat(8),
  '[!a-z]{1,{2,3}}',
  'a,b,c',
  ',',
];

const NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1,
  0.5,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  1e21,
  1e300,
  5e-324,
  Number.POSITIVE_INFINITY,
  Number.NaN,
];

const RAWS: readonly string[] = [
  '~',
  '',
  '0o777',
  '0x1F',
  '1_000',
  '+12',
  '.5',
  '9'.repeat(400),
  '1e99999',
  '-.inf',
  '2001-12-14',
  '!!binary aGVsbG8=',
  '!!binary "%%%"',
  '!!set {a, b}',
  '!!omap [a: 1, a: 2]',
  '!!timestamp x',
  '!!float a',
  '!!int 1.5',
  '!!null x',
  '!!str',
  '!!map [a]',
  '!!seq {a: 1}',
  '!!js/function "x"',
  '!reset null',
  '!override [a]',
  '!<tag:example.org,2026:x> y',
  '!local {a: b}',
  '*nowhere',
  '&self [*self]',
  '&deep {a: &deeper {b: *deeper}}',
  '{<<: {a: 1}}',
  '{<<: [1, 2]}',
  '{? {a: b} : c}',
  '{? [a, b] : c, ? [a, b] : d}',
  '{[a]: b, null: c, ~: d, true: e, 1: f, 1.0: g}',
  '{a: 1, a: 2, "a": 3}',
  '|\n  text',
  '|9+\n  x',
  '>-\n x\n  y',
  '"\\xq"',
  '"\\u12"',
  "'it''s'",
  '[a, b',
  '}',
  '{a',
  '? x',
  '- - - x',
  '%YAML 1.1',
  '--- x',
  '...',
  '\tx',
  '@x',
  '`x',
];

export function hostileKey(random: Random): string {
  const at = random.next();
  if (at < 0.7) return random.pick(TAKEN_NAMES);
  if (at < 0.8) return random.pick(CONTROLS);
  if (at < 0.97) return random.pick(ODD_TEXTS);
  return random.pick(TAKEN_NAMES.slice(0, 6)).repeat(random.pick([20, 400]));
}

export function hostileText(random: Random): string {
  const at = random.next();
  if (at < 0.3) return random.pick(TAKEN_NAMES);
  if (at < 0.42) return random.pick(CONTROLS) + (random.chance(0.5) ? 'x' : '');
  if (at < 0.92) return random.pick(ODD_TEXTS);
  if (at < 0.996)
    return `${random.pick(ODD_TEXTS)}${random.pick([':', '/', '-', ',', '=', ' '])}${random.pick(TAKEN_NAMES)}`;
  return random
    .pick(['a', '$', '{', '(', ' ', '\n', 'a:', '${', '9', '-', '1.', '../', '\\', 'ä'])
    .repeat(random.pick([300, 3_000, 30_000]));
}

const MAX_DEPTH = 4;

/** Anything that may stand where something else was expected. */
export function hostilePiece(random: Random, depth = 0): Piece {
  const at = random.next();
  if (at < 0.45) return value(hostileText(random));
  if (at < 0.55) return value(random.pick(NUMBERS));
  if (at < 0.62) return value(random.pick([true, false, null]));
  if (at < 0.76) return raw(random.pick(RAWS));
  if (depth >= MAX_DEPTH) return value(null);
  if (at < 0.88) {
    const length = depth === 0 && random.chance(0.01) ? 1_500 : random.integer(4);
    return map(
      Array.from({ length }, () => [
        hostileKey(random),
        hostilePiece(random, length > 4 ? MAX_DEPTH : depth + 1),
      ]),
    );
  }
  if (at < 0.994) {
    const length = depth === 0 && random.chance(0.01) ? 3_000 : random.integer(4);
    return list(Array.from({ length }, () => hostilePiece(random, length > 4 ? MAX_DEPTH : depth + 1)));
  }
  return nested(random);
}

/** Maps or lists within each other, around the depth that is refused and far beyond it. */
function nested(random: Random): Piece {
  const levels = random.pick([30, 62, 64, 66, 130, 1_000, 4_000]);
  const isList = random.chance(0.5);
  const [open, close] = isList ? ['[', ']'] : ['{a: ', '}'];
  return raw(open.repeat(levels) + (random.chance(0.7) ? close.repeat(levels) : ''));
}
