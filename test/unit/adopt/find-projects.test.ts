import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDirectories, readProject } from '../../../api/cli/adopt/init/find-projects.ts';
import { readLocalPath } from '../../../api/cli/adopt/init/local-path.ts';
import type { ProjectView } from '../../../reconciler/index.ts';
import { projectOf } from '../../support/fakes/adopt/host.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kombinator-find-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
}

describe('projects of a folder', () => {
  it('lie in it, and up to two folders below; what lies below one is its own', () => {
    write(
      'wiki/compose.yaml',
      'wiki/data/compose.yaml',
      'stacks/shop/docker-compose.yml',
      'stacks/own/compose.yaml',
      'stacks/own/kombination.yaml',
      'a/b/c/compose.yaml',
      '.git/compose.yaml',
      'node_modules/x/compose.yaml',
      'notes/readme.yaml',
    );
    expect(findDirectories(root)).toEqual(['stacks/shop', 'wiki']);
    write('compose.yml');
    expect(findDirectories(root)).toEqual(['']);
  });

  it('have the files that Compose would take', () => {
    write('wiki/compose.yaml', 'wiki/docker-compose.yml', 'wiki/compose.override.yaml', 'wiki/prod.yaml');
    expect(readProject(root, 'wiki', [])).toEqual({
      directory: 'wiki',
      files: ['compose.yaml', 'compose.override.yaml'],
      services: [],
      running: null,
    });
    writeFileSync(join(root, 'wiki/.env'), 'COMPOSE_FILE=compose.yaml:prod.yaml\n');
    expect(readProject(root, 'wiki', []).files).toEqual(['compose.yaml', 'prod.yaml']);
    writeFileSync(join(root, 'wiki/.env'), 'COMPOSE_FILE=compose.yaml:gone.yaml\n');
    expect(readProject(root, 'wiki', []).files).toEqual(['compose.yaml', 'compose.override.yaml']);
  });

  it('that run have the name and the files that they run with', () => {
    write('wiki/compose.yaml', 'wiki/prod.yaml', 'elsewhere.yaml');
    const running = (files: readonly string[], node: string | null = null): ProjectView => ({
      ...projectOf(['web'], {
        name: 'old',
        directory: join(root, 'wiki'),
        files: files.map((one) => join(root, one)),
      }),
      node,
      adoptedBy: null,
    });
    const read = (project: ProjectView) => readProject(root, 'wiki', [project]);
    expect(read(running(['wiki/compose.yaml', 'wiki/prod.yaml']))).toMatchObject({
      name: 'old',
      files: ['compose.yaml', 'prod.yaml'],
      services: ['web'],
    });
    expect(read(running(['elsewhere.yaml'])).files).toEqual(['compose.yaml']);
    expect(read(running(['wiki/gone.yaml'])).files).toEqual(['compose.yaml']);
    expect(read(running(['wiki/compose.yaml'], 'edge')).running).toBeNull();
  });
});

describe('a path of this machine', () => {
  const LIMITS = { bytes: 100, files: 3 };
  it('is a file, a directory without its links, too large, or missing', () => {
    write('a/one', 'a/b/two');
    chmodSync(join(root, 'a/one'), 0o755);
    symlinkSync('/etc/passwd', join(root, 'a/link'));
    expect(readLocalPath(join(root, 'a/one'), LIMITS)).toMatchObject({
      kind: 'file',
      file: { executable: true },
    });
    const found = readLocalPath(join(root, 'a'), LIMITS);
    expect(found.kind === 'directory' ? [...found.files.keys()].sort() : found.kind).toEqual([
      'b/two',
      'one',
    ]);
    expect(readLocalPath(join(root, 'a'), { bytes: 6, files: 3 }).kind).toBe('too-large');
    expect(readLocalPath(join(root, 'a'), { bytes: 100, files: 1 }).kind).toBe('too-large');
    expect(readLocalPath(join(root, 'a/one'), { bytes: 1, files: 1 }).kind).toBe('too-large');
    expect(readLocalPath(join(root, 'a/link'), LIMITS).kind).toBe('missing');
    expect(readLocalPath(join(root, 'gone'), LIMITS).kind).toBe('missing');
  });
});
