import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Programs that answer to arguments as helm and kustomize do, without knowing what these know: templates may say `{{ .Values.a.b }}`,
 * `{{ .Release.Name }}`, `{{ .Release.Namespace }}`, each with `| b64enc`, `| sha256sum` or `| quote`; `{{ random }}`, another text each time; and
 * `{{ surroundings }}`, what the program was started with. Tests of charts, which are in a folder of templates, are always left out.
 */

const HELM = `
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { createHash, randomBytes } = require('node:crypto');
const words = process.argv.slice(2);
const [verb, release, place] = words;
const option = (name) => words.filter((word) => word.startsWith(name + '=')).map((word) => word.slice(name.length + 1));
if (verb !== 'template') { console.error('Error: unknown command ' + verb); process.exit(1); }
const merge = (a, b) => typeof a === 'object' && typeof b === 'object' && a && b && !Array.isArray(b)
  ? { ...a, ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, merge(a[key], value)])) } : b;
const flat = (text) => Object.fromEntries(text.split('\\n').flatMap((line) => {
  const [, key, value] = /^(\\w+): (.*)$/.exec(line) ?? [];
  return key ? [[key, value.replaceAll('"', '')]] : [];
}));
const read = (path) => { const text = readFileSync(path === '-' ? 0 : path, 'utf8'); return text.startsWith('{') ? JSON.parse(text) : flat(text); };
const isFolder = statSync(place).isDirectory();
const list = (folder) => { try { return readdirSync(place + '/' + folder).sort().map((name) => place + '/' + folder + '/' + name).filter((path) => statSync(path).isFile()); } catch { return []; } };
const own = isFolder ? read(place + '/values.yaml') : {};
const values = option('--values').map(read).reduce(merge, own);
const scope = { Values: values, Release: { Name: release, Namespace: option('--namespace')[0] }, Capabilities: { APIVersions: option('--api-versions').join(), KubeVersion: option('--kube-version')[0] ?? 'v1.30.0' } };
const filters = {
  quote: (text) => JSON.stringify(text),
  b64enc: (text) => Buffer.from(text).toString('base64'),
  sha256sum: (text) => createHash('sha256').update(text).digest('hex'),
  fail: (text) => { console.error('Error: execution error at (demo/templates/a.yaml:1:3): bad value "' + text + '" in ' + place); process.exit(1); },
};
const fill = (text) => text.replace(/\\{\\{ (.*?) \\}\\}/g, (_, inside) => {
  const [path, ...rest] = inside.split(' | ');
  const value = path === 'random' ? randomBytes(8).toString('hex')
    : path === 'surroundings' ? JSON.stringify({ words, env: process.env }).replaceAll('"', '')
    : path.split('.').filter((part) => part !== '').reduce((at, key) => at?.[key], scope);
  if (value === undefined && rest.length === 0) return '';
  return rest.reduce((text, name) => filters[name](text), String(value ?? ''));
});
const files = isFolder ? [...(words.includes('--include-crds') ? list('crds') : []), ...list('templates')] : [place];
for (const file of files) console.log('---\\n# Source: ' + file.slice(place.length + 1) + '\\n' + fill(readFileSync(file, 'utf8')));
`;

const KUSTOMIZE = `
const { readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');
const [verb, place] = process.argv.slice(2);
if (verb !== 'build') { console.error('Error: unknown command ' + verb); process.exit(1); }
const build = (folder) => {
  const text = readFileSync(join(folder, 'kustomization.yaml'), 'utf8');
  const prefix = /^namePrefix: (.*)$/m.exec(text)?.[1] ?? '';
  const parts = [...text.matchAll(/^ *- (.*)$/gm)].flatMap(([, name]) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? build(path) : readFileSync(path, 'utf8').split('---\\n');
  });
  return parts.map((part) => part.replace(/^  name: /m, '  name: ' + prefix));
};
console.log(build(place).join('\\n---\\n'));
`;

export interface ChartPrograms {
  readonly helm: string;
  readonly kustomize: string;
}

/** Writes the programs into a directory. */
export function writeChartPrograms(directory: string): ChartPrograms {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    // The path of a renderer's programs is empty, so node is named in full.
    writeFileSync(path, `#!${process.execPath}\n${text}`);
    chmodSync(path, 0o755);
    return path;
  };
  return { helm: write('helm', HELM), kustomize: write('kustomize', KUSTOMIZE) };
}
