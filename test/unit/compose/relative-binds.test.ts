import { describe, expect, it } from 'vitest';
import { project, service } from '../../support/compose/analyzed-service.ts';
import type { ProjectFiles } from '../../support/compose/compose-config.ts';

describe('relative binds', () => {
  const mounts = (files: ProjectFiles) => {
    const { web, findings, analysis } = service(files, files['kombination.yaml']);
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
  const withKey = (line: string) => ({
    'kombination.yaml': `compose: compose.yaml\n${line}\n`,
  });
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
      'a directory of the repository that may be written is an error',
      { ...web('./data:/data'), 'data/a': 'x' },
      { volumes: [], copied: [], declared: [], codes: ['BIND_TRACKED'] },
    ],
    [
      'a file of the repository that may be written is an error',
      { ...web('./app.db:/data/app.db'), 'app.db': 'x' },
      { volumes: [], copied: [], declared: [], codes: ['BIND_TRACKED'] },
    ],
    [
      'what is not in the repository is data, in the data directory of the operator',
      web('./data:/data'),
      { volumes: ['/srv/kombinator/s.data:/data'], copied: [], declared: [], codes: [] },
    ],
    [
      'what is not in the repository is data also where it is only read',
      web('./data:/data:ro'),
      { volumes: ['/srv/kombinator/s.data:/data'], copied: [], declared: [], codes: [] },
    ],
    [
      'an empty directory is data',
      { ...web('./data:/data'), 'data/.gitkeep': '' },
      { volumes: ['/srv/kombinator/s.data:/data'], copied: [], declared: [], codes: [] },
    ],
    [
      'a home directory is data',
      web('${HOME}/x:/data'),
      { volumes: [expect.stringMatching(/^\/srv\/kombinator\/s\.x-[0-9a-f]{6}:\/data$/)], codes: [] },
    ],
    [
      'data_dir says where data is',
      { ...web('./data:/data'), ...withKey('data_dir: /home/me/shop') },
      { volumes: ['/home/me/shop/data:/data'], copied: [], declared: [], codes: [] },
    ],
    [
      'data_dir may be left by ..',
      { ...web('../films:/films:ro'), ...withKey('data_dir: /home/me/shop') },
      { volumes: ['/home/me/films:/films'], copied: [], declared: [], codes: [] },
    ],
    [
      'nobody knows a home beside data_dir',
      { ...web('~/x:/data'), ...withKey('data_dir: /home/me/shop') },
      { volumes: [], copied: [], declared: [], codes: ['INVALID_VALUE'] },
    ],
    [
      'data_dir may ask for volumes',
      { ...web('./data:/data'), ...withKey('data_dir: volumes') },
      { volumes: ['bind-data:/data'], copied: [], declared: ['bind-data'], codes: [] },
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
    ['1000:5', './data:/data', { chown: true }],
    ['web', './data:/data', { chown: true }],
    ['"${WHO}"', './data:/data', { chown: true }],
    ['1000', './data:/data:ro', { readOnly: true }],
    ['root', './data:/data', {}],
    ['"0:0"', './data:/data', {}],
    ['1000, read_only: true', './data:/data', {}],
  ])('of a service with user: %s, %s', (user, mount, want) => {
    const files = project(`services:\n  web: { image: a, user: ${user}, volumes: ["${mount}"] }\n`, {
      '.env': 'WHO=1000\n',
    });
    const { web } = service(files);
    expect(web.mounts.map((entry) => entry.mount)).toEqual([
      { type: 'bind', source: '/srv/kombinator/s.data', target: '/data', ...want },
    ]);
    const inVolumes = service(files, withKey('data_dir: volumes')['kombination.yaml']).web;
    const { chown, ...others } = want as { readonly chown?: true };
    expect(inVolumes.mounts.map((entry) => entry.mount)).toEqual([
      {
        type: 'volume',
        source: 'bind-data',
        target: '/data',
        ...others,
        ...(chown ? { chown, nocopy: true } : {}),
      },
    ]);
  });

  it.each([
    ['./a:/a:shared', { propagation: 'shared' }],
    ['./a:/a:Z', { selinux: 'Z' }],
    ['./a:/a:ro,z', { selinux: 'z', readOnly: true }],
  ])('keep their options: %s', (mount, want) => {
    expect(service(web(mount)).web.mounts.map((entry) => entry.mount)).toEqual([
      { type: 'bind', source: '/srv/kombinator/s.a', target: '/a', ...want },
    ]);
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
