const load = process.getBuiltinModule;

/** Bytes at the beginning of the file that the line of JSON is in. */
const HEAD = 16_384;
/** Names of commands that are told apart; more are mistakes. */
const MOST_WORDS = 50;
/** Age at which code of other versions goes. */
const KEPT_MS = 30 * 24 * 3_600_000;
const PREFIX = 'code-';

/**
 * Holds code that V8 has compiled, with the functions that commands have called: Node's own cache has only those that are compiled when a file is loaded.
 * One file has all: a line of JSON that says what is where, then the code. What is wrong with it, or keeps it from being written, makes commands slower
 * and nothing else.
 *
 * @param {string} directory
 * @param {string} key of the bundle, of Node and of its flags
 */
export function openCodeCache(directory, key) {
  const fs = load('node:fs');
  const { join } = load('node:path');
  const path = join(directory, `${PREFIX}${key.replace(/[^\w.=-]+/g, '_').slice(0, 150)}`);
  const found = read(fs, path);
  /** @type {Map<string, import('node:vm').Script>} */
  const scripts = new Map();
  let isComplete = found !== undefined;

  /** @param {string} name of a file of the bundle */
  function take(name) {
    const place = found?.places.get(name);
    return place && found?.bytes(place);
  }
  /**
   * @param {string} name of a file of the bundle
   * @param {import('node:vm').Script} script
   * @param {boolean} wasCompiled before
   */
  function add(name, script, wasCompiled) {
    scripts.set(name, script);
    isComplete &&= wasCompiled;
  }
  /**
   * Keeps what this process has compiled, when it is the first that runs this command or needs a file. Takes some ten milliseconds then.
   *
   * @param {string} word the command
   */
  function save(word) {
    const words = found?.words ?? [];
    const isKnown = word === '' || words.includes(word) || words.length >= MOST_WORDS;
    if (isComplete && isKnown) return;
    /** @type {Map<string, Buffer>} */
    const codes = new Map(
      Object.keys(found?.places ?? {}).map((name) => [name, take(name) ?? Buffer.alloc(0)]),
    );
    for (const [name, script] of scripts) codes.set(name, script.createCachedData());
    try {
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
      write(fs, path, isKnown ? words : [...words, word], codes);
      removeOld(fs, directory);
    } catch {
      // A home that cannot be written to, or is full.
    }
  }
  return { take, add, save, [Symbol.dispose]: () => found?.close() };
}

/**
 * @param {typeof import('node:fs')} fs
 * @param {string} path
 */
function read(fs, path) {
  /** @type {number | undefined} */
  let file;
  try {
    file = fs.openSync(path, 'r');
    const { uid, mode } = fs.fstatSync(file);
    // Code that others could have put there is not run.
    if (uid !== (process.getuid?.() ?? uid) || (mode & 0o022) !== 0) throw new Error('not ours');
    const head = Buffer.alloc(HEAD);
    const size = fs.readSync(file, head, 0, HEAD, 0);
    const text = head.toString('latin1', 0, size);
    const end = text.indexOf('\n');
    /** @type {{ words: string[], files: [string, [number, number]][] }} */
    const { words, files } = JSON.parse(text.slice(0, end));
    const open = file;
    /** @param {readonly [number, number]} place */
    const bytes = ([at, length]) => {
      // Memory of its own begins where V8 can read it in its place.
      const code = Buffer.allocUnsafeSlow(length);
      return fs.readSync(open, code, 0, length, end + 1 + at) === length ? code : undefined;
    };
    return { words, places: new Map(files), bytes, close: () => fs.closeSync(open) };
  } catch {
    if (file !== undefined) fs.closeSync(file);
    return undefined;
  }
}

/**
 * @param {typeof import('node:fs')} fs
 * @param {string} path
 * @param {readonly string[]} words
 * @param {ReadonlyMap<string, Buffer>} codes
 */
function write(fs, path, words, codes) {
  let size = 0;
  const files = [...codes].map(([name, { length }]) => [name, [(size += length) - length, length]]);
  const head = Buffer.from(`${JSON.stringify({ words, files })}\n`, 'latin1');
  if (head.length > HEAD) return;
  const draft = `${path}.${process.pid}`;
  try {
    const file = fs.openSync(draft, 'wx', 0o600);
    try {
      fs.writeFileSync(file, Buffer.concat([head, ...codes.values()]));
      // V8 does not look whether its code is whole: not even after a power failure may a half of it have this name.
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(draft, path);
  } catch (error) {
    // A full disk gets back what did not fit.
    fs.rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * @param {typeof import('node:fs')} fs
 * @param {string} directory
 */
function removeOld(fs, directory) {
  for (const name of fs.readdirSync(directory)) {
    const path = `${directory}/${name}`;
    if (name.startsWith(PREFIX) && Date.now() - fs.statSync(path).mtimeMs > KEPT_MS) fs.rmSync(path);
  }
}
