#!/usr/bin/env node
/**
 * Entry of the command. Plain JavaScript that an old Node can parse, so that it can say what is missing:
 * the sources are TypeScript, which Node runs from 22.18 on by stripping types.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './build-state.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 18);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** `npm ci` in a checkout brings its own Node. */
const ownNode = join(root, 'node_modules/node/bin/node');

workWhereNpmWasCalled();
if (isRecent) {
  if (process.argv.includes('serve')) continueWithServeFlags();
  // Halves the time to start. Not in the shared temporary directory, where others could put code for us to run.
  module.enableCompileCache?.(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kombinator'));
  const isBundle = isBuilt(root);
  // Node is silent about what packages use; in a bundle it does not know them, and would tell those who can do nothing about it.
  if (isBundle) process.noDeprecation = true;
  await import(isBundle ? '../../dist/cli/kombinator.js' : './kombinator.ts');
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
 * old ones to double before it looks for garbage. Such limits can only be set when a process starts, so this one starts over in its own
 * place: same process id, terminal and environment.
 */
function continueWithServeFlags() {
  const flags = JSON.parse(readFileSync(new URL('./node-flags.json', import.meta.url), 'utf8'));
  const own = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  // Started over already, told otherwise by whoever runs it, or a system that cannot replace a process (Windows).
  if (own.includes('semi-space-size') || !process.execve || process.platform === 'win32') return;
  const args = [...process.execArgv, ...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  process.execve(process.execPath, [process.execPath, ...args], process.env);
}

/** @param {string} node */
function runWith(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well: passing it on would count as the second one.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
