import { openCodeCache } from './code-cache.mjs';

const load = process.getBuiltinModule;

/** Parts of Node that take a while to begin, and that many commands do without. */
const LATER = new Set(
  ['dns', 'http', 'https', 'http2', 'net', 'readline/promises', 'tls', 'worker_threads', 'zlib'].flatMap(
    (name) => [name, `node:${name}`],
  ),
);
/**
 * Runs the command from the bundle, and waits until it has ended.
 *
 * @param {string} directory of the bundle
 * @param {string | undefined} caches directory in which compiled code is kept; without it none is
 */
export async function runBundle(directory, caches) {
  const { readFileSync } = load('node:fs');
  const build = readFileSync(`${directory}/build.txt`, 'latin1').trim();
  const key = [
    build,
    process.version,
    process.arch,
    ...process.execArgv,
    process.env['NODE_OPTIONS'] ?? '',
  ].join('-');
  const cache = caches === undefined ? undefined : openCodeCache(caches, key);
  const { ended } = createRequireOf(directory, cache)('./kombinator.cjs');
  await ended;
  if (!process.exitCode) cache?.save(process.argv.slice(2).find((word) => /^[a-z][a-z-]*$/.test(word)) ?? '');
  cache?.[Symbol.dispose]();
}

/**
 * Makes the `require` of files of the bundle: other files of it come with compiled code, all else comes from Node.
 *
 * @param {string} directory
 * @param {ReturnType<typeof openCodeCache>} [cache]
 * @returns {NodeJS.Require}
 */
export function createRequireOf(directory, cache) {
  const { Script, constants } = load('node:vm');
  const { readFileSync } = load('node:fs');
  const requireOfNode = load('node:module').createRequire(`${directory}/kombinator.cjs`);
  const modules = new Map();
  const stands = new Map();
  /** @param {string} id */
  const later = (id) => {
    if (!stands.has(id)) stands.set(id, standFor(id));
    return stands.get(id);
  };
  const require = Object.assign(
    /** @param {string} id */ (id) => {
      if (id.startsWith('./') && id.endsWith('.cjs')) return (modules.get(id) ?? run(id)).exports;
      return LATER.has(id) ? later(id) : (load(id) ?? requireOfNode(id));
    },
    requireOfNode,
  );
  /** @param {string} id */
  const run = (id) => {
    const filename = `${directory}/${id.slice(2)}`;
    const cachedData = cache?.take(id);
    // Each file is a function already: a text that is put together here would be in memory twice.
    const script = new Script(readFileSync(filename, 'utf8'), {
      filename,
      ...(cachedData && { cachedData }),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    cache?.add(id, script, script.cachedDataRejected === false);
    const module = { exports: {}, id: filename, filename, loaded: false };
    modules.set(id, module);
    try {
      script.runInThisContext()(module.exports, require, module, filename, directory);
    } catch (error) {
      modules.delete(id);
      throw error;
    }
    module.loaded = true;
    return module;
  };
  return require;
}

/**
 * Stands for a part of Node until something of it is asked for.
 *
 * @param {string} id
 */
function standFor(id) {
  const part = () => /** @type {object} */ (load(id));
  /** @type {object} */
  const stand = new Proxy(
    {},
    {
      get: (_, key) => Reflect.get(part(), key),
      // Objects that have it as their prototype are given what they are given.
      set: (_, key, value, receiver) =>
        Reflect.set(part(), key, value, receiver === stand ? part() : receiver),
      has: (_, key) => Reflect.has(part(), key),
      ownKeys: () => Reflect.ownKeys(part()),
      getOwnPropertyDescriptor: (_, key) => {
        const found = Reflect.getOwnPropertyDescriptor(part(), key);
        // A property that this object does not have itself cannot be one that never changes.
        return found && { ...found, configurable: true };
      },
    },
  );
  return stand;
}
