import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'docs/architecture';
const PAGES = readdirSync(join(ROOT, FOLDER)).sort();

const DOTTED_NAME = /^[A-Za-z]\w*(?:\.[A-Za-z]\w*)*$/;
const PATH = /^[\w-]+(?:\/[\w.-]+)+$/;
/** The beginning of a step of a walk: the function, and its file. */
const STEP = /^\d+\. `[\w.]+` \(`([^`]+)`\)/;
/** A row of a table of contracts: types, and their file. */
const CONTRACT = /^\| ((?:`\w+`(?:, )?)+) \| `([^`]+)` \|/;

/** Inline code of a text. */
function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** Paths of the pages begin at the root of the repository or below `reconciler`. */
function resolvePath(path: string): string | undefined {
  return [join(ROOT, path), join(ROOT, 'reconciler', path)].find(existsSync);
}

function sourceOf(path: string): string {
  const place = resolvePath(path);
  if (place === undefined) return '';
  if (statSync(place).isFile()) return readFileSync(place, 'utf8');
  const names = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return names.map((name) => readFileSync(join(place, name), 'utf8')).join('\n');
}

function has(source: string, name: string): boolean {
  return name.split('.').every((part) => new RegExp(`\\b${part}\\b`).test(source));
}

/** Lines of a page with the lines that they go on in, outside of fences. */
function itemsOf(text: string): readonly string[] {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').split(/\n(?=\S)/);
}

/** Lists what a page says of the code that is not so. */
function findWrong(text: string): readonly string[] {
  const items = itemsOf(text);
  const paths = items.flatMap(codes).filter((code) => PATH.test(code));
  const all = paths.map(sourceOf).join('\n');
  const mixed = items
    .filter((item) => !STEP.test(item))
    .flatMap(codes)
    .filter((code) => DOTTED_NAME.test(code) && /[a-z][A-Z]/.test(code));
  return [
    // Folders that are built are there once they were.
    ...paths.filter((path) => !path.startsWith('dist/') && resolvePath(path) === undefined),
    ...mixed.filter((name) => !has(all, name)),
    ...items.flatMap(wrongStep),
    ...items.flatMap(wrongContract),
  ];
}

/** Names of a step that are not in its file: what is called, and who calls. */
function wrongStep(item: string): readonly string[] {
  const [, path] = STEP.exec(item) ?? [];
  if (path === undefined) return [];
  const source = sourceOf(path);
  const names = codes(item).filter((code) => DOTTED_NAME.test(code));
  return names.filter((name) => !has(source, name)).map((name) => `${path}: ${name}`);
}

function wrongContract(item: string): readonly string[] {
  const [, names = '', path] = CONTRACT.exec(item) ?? [];
  if (path === undefined) return [];
  const source = sourceOf(path);
  return codes(names)
    .filter((name) => !new RegExp(`export (?:interface|type|class) ${name}\\b`).test(source))
    .map((name) => `${path}: ${name}`);
}

describe('the architecture pages', () => {
  it('are led to by ARCHITECTURE.md', () => {
    const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    expect(PAGES.filter((page) => !text.includes(`](${FOLDER}/${page})`))).toEqual([]);
  });

  it.each(PAGES)('%s names files, types and calls that are there', (page) => {
    expect(findWrong(readFileSync(join(ROOT, FOLDER, page), 'utf8'))).toEqual([]);
  });

  it('say what comes in and goes out, and what must never happen there', () => {
    const lacking = PAGES.filter((page) => page !== 'walks.md').filter((page) => {
      const text = readFileSync(join(ROOT, FOLDER, page), 'utf8');
      return !/\*\*Out\*\*|\*\*out\*\*/.test(text) || !text.includes('## What must never happen here');
    });
    expect(lacking).toEqual([]);
  });

  it('would be found to be wrong', () => {
    const page = [
      'See `run/nowhere.ts` and `planStuck`, in `run/observe/plan-stack.ts`.',
      '',
      '1. `planStack` (`run/observe/plan-stack.ts`) calls `buildPlan`,',
      '   and `applyPlan`.',
      '',
      '| `PlannedStack`, `Plan` | `run/observe/plan-stack.ts` | a type of here, and one of elsewhere |',
    ];
    expect(findWrong(page.join('\n'))).toEqual([
      'run/nowhere.ts',
      'planStuck',
      'run/observe/plan-stack.ts: applyPlan',
      'run/observe/plan-stack.ts: Plan',
    ]);
  });
});
