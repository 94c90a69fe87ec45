#!/usr/bin/env node
/**
 * Entry of the command. Plain JavaScript that an old Node can parse, so that it can say what is missing:
 * the sources are TypeScript, which Node runs from 22.18 on by stripping types.
 */
import { createRequire } from 'node:module';
import { isBuilt } from './build-state.mjs';

// An import of a part of Node reads all that it exports, and loads what is behind it.
const load = process.getBuiltinModule ?? createRequire(import.meta.url);
const { existsSync, readFileSync } = load('node:fs');
const { join, relative } = load('node:path');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 18);
const root = join(
  import.meta.dirname ?? load('node:url').fileURLToPath(new URL('.', import.meta.url)),
  '../..',
);
/** Heaps of malloc. */
const ARENAS = '1';
const entry = join(root, 'api/cli/kombinator.mjs');
/** `npm ci` in a checkout brings its own Node. */
const ownNode = join(root, 'node_modules/node/bin/node');

workWhereNpmWasCalled();
if (process.argv.length === 3 && process.argv[2] === '--version') {
  process.stdout.write(`${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`);
} else if (isRecent) {
  const serves = process.argv.includes('serve');
  if (serves) continueWithServeFlags();
  const caches = cacheDirectory(serves);
  if (isBuilt(root)) {
    // Node is silent about what packages use; in a bundle it does not know them, and would tell those who can do nothing about it.
    process.noDeprecation = true;
    await (await import('./start/run-bundle.mjs')).runBundle(join(root, 'dist/cli'), caches);
  } else {
    if (caches !== undefined) load('node:module').enableCompileCache?.(caches);
    await (
      await import('./kombinator.ts')
    ).ended;
  }
} else if (existsSync(ownNode)) {
  runWith(ownNode);
} else {
  process.stderr.write(
    `kombinator needs Node 22.18 or newer and this is ${process.versions.node}: install Node 24 from https://nodejs.org, or run npm ci in a checkout.\n`,
  );
  process.exitCode = 1;
}

/** `npm run kombinator` in a checkout begins at its root, wherever in it npm was called; paths are meant from there. */
function workWhereNpmWasCalled() {
  const { npm_lifecycle_event: script, npm_package_json: file, INIT_CWD: called } = process.env;
  if (script !== 'kombinator' || file !== join(root, 'package.json') || !called) return;
  // A command below a script inherits its environment, and may have gone elsewhere.
  if (relative(root, process.cwd()) === '') process.chdir(called);
}

/**
 * Left alone, V8 gives a daemon that has just read a large repository twice the memory it needs: 128 MiB for new objects, and room for
 * old ones to double before it looks for garbage; and malloc keeps an arena for each thread that ever compiled something. Such limits can only be
 * set when a process starts, so this one starts over in its own place: same process id and terminal.
 */
function continueWithServeFlags() {
  const flags = JSON.parse(readFileSync(join(root, 'api/cli/node-flags.json'), 'utf8'));
  const own = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  // Started over already, told otherwise by whoever runs it, or a system that cannot replace a process (Windows).
  if (own.includes('semi-space-size') || !process.execve || process.platform === 'win32') {
    // Programs that the daemon starts have arenas of their own.
    if (process.env['MALLOC_ARENA_MAX'] === ARENAS) delete process.env['MALLOC_ARENA_MAX'];
    return;
  }
  const args = [...process.execArgv, ...flags, entry, ...process.argv.slice(2)];
  process.execve(process.execPath, [process.execPath, ...args], { MALLOC_ARENA_MAX: ARENAS, ...process.env });
}

/**
 * Says where compiled code is kept, which halves the time to start; a daemon, which starts once, would only hold it in memory.
 *
 * @param {boolean} serves
 * @returns {string | undefined}
 */
function cacheDirectory(serves) {
  const {
    NODE_COMPILE_CACHE: told,
    NODE_DISABLE_COMPILE_CACHE: off,
    NODE_V8_COVERAGE: coverage,
  } = process.env;
  if (off || coverage) return undefined;
  if (told) return told;
  if (serves) return undefined;
  // Not in the shared temporary directory, where others could put code for us to run.
  const caches = process.env['XDG_CACHE_HOME'] || join(load('node:os').homedir(), '.cache');
  return join(caches, 'kombinator');
}

/**
 * Stays beside it, for an old Node cannot be replaced; `kombinator.sh`, which is what is installed as the command, does without.
 *
 * @param {string} node
 */
function runWith(node) {
  const { spawn } = load('node:child_process');
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well: passing it on would count as the second one.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
