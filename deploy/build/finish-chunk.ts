import { builtinModules } from 'node:module';
import process from 'node:process';

/** The last that is done to each file of the bundle. */
export function finishChunk(code: string): string {
  return toAscii(takeBuiltIns(code));
}

/** `import part, { one, two as three } from "node:fs";` and the other forms, as the bundler writes them. */
const IMPORT =
  /^import (?:(?<whole>[\w$]+)(?:, )?)?(?:\* as (?<space>[\w$]+)|\{(?<names>[^}]*)\})? from "(?<name>[^"]+)";$/gm;
const REQUIRE = 'createRequire(import.meta.url)';
const TAKE = 'globalThis.process.getBuiltinModule';

/** Parts of Node that take a while to begin, and that commands do without. */
const LATER: ReadonlySet<string> = new Set(
  ['dns', 'http', 'https', 'http2', 'net', 'readline/promises', 'tls', 'worker_threads', 'zlib'].map(
    (name) => `node:${name}`,
  ),
);
const STAND_FOR = `const standFor$ = (name, key) => {
	const fetch = () => ${TAKE}(name)[key];
	return new Proxy(function() {}, {
		apply: (_, self, args) => Reflect.apply(fetch(), self, args),
		construct: (_, args, target) => Reflect.construct(fetch(), args, target),
		get: (_, key) => Reflect.get(fetch(), key),
		has: (_, key) => Reflect.has(fetch(), key)
	});
};
`;

/**
 * Takes parts of Node as they are instead of importing them: for an import, Node reads every export there is, and those of `node:http` load a client
 * for the web that takes longer to start than all of Node.
 *
 * @param code of a chunk
 */
function takeBuiltIns(code: string): string {
  let stands = false;
  const taken = code.replace(IMPORT, (statement, ...rest) => {
    const found = rest.at(-1) as Readonly<Record<string, string | undefined>>;
    const { whole, space, names = '', name = '' } = found;
    if (!isBuiltIn(name)) return statement;
    const part = name.startsWith('node:') ? name : `node:${name}`;
    const pairs = names.split(',').map((pair) => pair.trim().split(' as '));
    const waiting = pairs.filter(([key = '']) => canWait(part, key));
    const others = pairs.filter(([key = '']) => key !== '' && !canWait(part, key));
    stands ||= waiting.length > 0;
    const list = others.map((pair) => pair.join(': ')).join(', ');
    const wholes = [whole, space, list === '' ? undefined : `{ ${list} }`].filter(
      (pattern) => pattern !== undefined,
    );
    return [
      ...wholes.map((pattern) => `const ${pattern} = ${TAKE}("${part}");`),
      ...waiting.map(([key, variable = key]) => `const ${variable} = standFor$("${part}", "${key}");`),
    ].join(' ');
  });
  const required = taken.replace(REQUIRE, `((require) => (id) => ${TAKE}(id) ?? require(id))(${REQUIRE})`);
  return stands ? required.replace(/^(?!#!)/m, () => STAND_FOR) : required;
}

/** Functions of parts that need not be there before they are called. */
function canWait(part: string, key: string): boolean {
  return LATER.has(part) && typeof Reflect.get(process.getBuiltinModule(part) as object, key) === 'function';
}

function isBuiltIn(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

/**
 * Writes code with ASCII alone, other characters as escapes: V8 keeps a text in half the memory, and Node reads it faster. For texts, templates and
 * expressions, not for comments or names.
 */
function toAscii(code: string): string {
  // One that a backslash stands before is itself: the backslash goes.
  return code.replaceAll(/(\\*)([\u0080-\uffff])/g, (_, slashes: string, character: string) => {
    const kept = slashes.length % 2 === 1 ? slashes.slice(1) : slashes;
    return `${kept}\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
