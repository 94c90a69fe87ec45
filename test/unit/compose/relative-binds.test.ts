import { describe, expect, it } from 'vitest';
import { project, service } from '../../support/compose/analyzed-service.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';

describe('relative binds', () => {
  const mounts = (files: ProjectFiles) => {
    const { web, findings, analysis } = service(files);
    const volumes = web.mounts.map(({ mount }) => `${'source' in mount ? mount.source : ''}:${mount.target}`);
    const copied = web.files.map(({ source, target }) => `${source}>${target}`);
    return {
      volumes,
      copied,
      declared: Object.keys(analysis.kombination.volumes),
      codes: codesOf(findings),
    };
  };
  const codesOf = (findings: readonly string[]) => findings.map((line) => line.split(' ')[2]);
  const web = (mount: string) => project(`services:\n  web: { image: a, volumes: ["${mount}"] }\n`);

  it.each<readonly [string, ProjectFiles, object]>([
    [
      'a file of the repository is copied',
      { ...web('./n.conf:/etc/n.conf:ro'), 'n.conf': 'x' },
      { volumes: [], copied: ['n.conf>/etc/n.conf'], declared: [], codes: [] },
    ],
    [
      'a directory that is only read is copied into a volume of its own',
      { ...web('./conf:/etc/c:ro'), 'conf/a': 'x' },
      { volumes: [':/etc/c'], copied: ['conf>/etc/c'], declared: [], codes: [] },
    ],
    [
      'a directory that may be written is a volume with a copy in it',
      { ...web('./data:/data'), 'data/a': 'x' },
      {
        volumes: ['bind-data:/data'],
        copied: ['data>/data'],
        declared: ['bind-data'],
        codes: ['BIND_COPIED'],
      },
    ],
    [
      'what is not in the repository is a volume',
      web('./data:/data'),
      { volumes: ['bind-data:/data'], copied: [], declared: ['bind-data'], codes: ['BIND_AS_VOLUME'] },
    ],
    [
      'an empty directory is a volume',
      { ...web('./data:/data'), 'data/.gitkeep': '' },
      { volumes: ['bind-data:/data'], copied: [], declared: ['bind-data'], codes: ['BIND_AS_VOLUME'] },
    ],
    [
      'a home directory is a volume',
      web('${HOME}/x:/data'),
      { volumes: [expect.stringMatching(/^bind-x-[0-9a-f]{6}:\/data$/)], codes: ['BIND_AS_VOLUME'] },
    ],
    [
      'a directory of the long form needs no dot',
      {
        ...project(
          'services:\n  web: { image: a, volumes: [{ type: bind, source: conf, target: /c, read_only: true }] }\n',
        ),
        'conf/a': 'x',
      },
      { volumes: [':/c'], copied: ['conf>/c'], declared: [], codes: [] },
    ],
    [
      'an absolute path is the node’s',
      web('/srv/data:/data'),
      { volumes: ['/srv/data:/data'], copied: [], declared: [], codes: [] },
    ],
  ])('%s', (_name, files, want) => {
    expect(mounts(files)).toMatchObject(want);
  });

  it.each<readonly [string, string, object]>([
    ['1000:5', './data:/data', { chown: true, nocopy: true }],
    ['web', './none:/data', { chown: true, nocopy: true }],
    ['"${WHO}"', './none:/data', { chown: true, nocopy: true }],
    ['1000', './none:/data:ro', { readOnly: true }],
    ['root', './data:/data', { nocopy: true }],
    ['"0:0"', './none:/data', {}],
    ['1000, read_only: true', './none:/data', {}],
  ])('of a service with user: %s, %s', (user, mount, want) => {
    const { web } = service(
      project(`services:\n  web: { image: a, user: ${user}, volumes: ["${mount}"] }\n`, {
        'data/a': 'x',
        '.env': 'WHO=1000\n',
      }),
    );
    expect(web.mounts.map((entry) => entry.mount)).toEqual([
      { type: 'volume', source: expect.stringMatching(/^bind-/), target: '/data', ...want },
    ]);
  });

  it.each([
    ['"1000"', './a:/a', { uid: 1000 }],
    ['1000:5', './a:/a', { uid: 1000, gid: 5 }],
    ['1000:5', './a:/a:ro', {}],
    ['web', './a:/a', {}],
  ])('copies a file for user: %s, %s', (user, mount, want) => {
    const { web } = service(
      project(`services:\n  web: { image: a, user: ${user}, volumes: ["${mount}"] }\n`, { a: 'x' }),
    );
    expect(web.files).toEqual([{ source: 'a', target: '/a', path: expect.anything(), ...want }]);
  });

  it('gives paths that look alike volumes of their own', () => {
    const files = project(
      'services:\n  web: { image: a, volumes: ["./a-b:/1", "./a/b:/2", "./a_b:/3", "./a/b/:/4"] }\n',
    );
    const sources = service(files).web.mounts.map(({ mount }) => ('source' in mount ? mount.source : ''));
    expect(new Set(sources).size).toBe(3);
    expect(sources[1]).toBe(sources[3]);
  });

  it.each([
    ['includes', 'include: [infra/deep/one.yaml]\n'],
    ['extends', 'services: { web: { extends: { file: infra/deep/one.yaml, service: web } } }\n'],
  ])('of ${PWD} start from the directory of the project in a file that it %s', (_word, text) => {
    const below = 'services: { web: { image: a, volumes: ["${PWD}/c:/c:ro", "$PWD/infra/d:/d:ro"] } }\n';
    const { web, findings } = service(
      project(text, { 'infra/deep/one.yaml': below, c: 'x', 'infra/d': 'x' }),
    );
    expect([web.files.map(({ source }) => source), findings]).toEqual([['c', 'infra/d'], []]);
  });

  it('start from the directory of the file that says them', () => {
    const files = project('include: [infra/compose.yaml]\n', {
      'infra/compose.yaml': 'services: { web: { image: a, volumes: ["./c:/c:ro"], env_file: ./e } }\n',
      'infra/c': 'x',
      'infra/e': 'A=1\n',
    });
    const { web } = service(files);
    expect([web.files[0]?.source, web.env[0]?.value]).toEqual(['infra/c', '1']);
  });
});
