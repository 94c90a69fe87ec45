import { describe, expect, it } from 'vitest';
import type { DirectoryOnDisk, FileOnDisk } from '../../../reconciler/ports/desired.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';

/** A work tree of these files, whose ids are their paths. */
function onDisk(files: Readonly<Record<string, string>>) {
  const tree = new Map<string, DirectoryOnDisk | FileOnDisk>();
  for (const path of Object.keys(files)) {
    const names = path.split('/');
    let directory = tree;
    for (const name of names.slice(0, -1)) {
      const next = (directory.get(name) ?? new Map()) as typeof tree;
      directory.set(name, next);
      directory = next;
    }
    directory.set(names.at(-1) ?? '', { type: 'file', blob: path });
  }
  return { tree, texts: new Map(Object.entries(files)) };
}

const signal = new AbortController().signal;
const PLACE = 'stacks/a/kombination.yaml';
const TEXT = `version: "1.0"
meta: { name: a }
compose: compose.yaml
nodes: [{ name: pi }]
services: { web: { files: [{ source: conf.txt, target: /c }] } }
`;
const AROUND = {
  'nodes/pi.yaml': 'connection: { host: "ssh://a@10.0.0.9" }\n',
  'stacks/a/compose.yaml': 'services: { web: { image: "nginx:${TAG}", env_file: x.env } }\n',
  'stacks/a/.env': 'TAG=1\n',
  'stacks/a/x.env': 'A=b\n',
  'stacks/a/conf.txt': 'x',
};

describe('a file of a work tree', () => {
  const check = async (files: Readonly<Record<string, string>>, path = PLACE, text = TEXT) => {
    const { state } = createDesiredFixture();
    const report = await state.checkAround(text, { path, ...onDisk(files) }, signal);
    return briefDiagnostics(report.diagnostics);
  };

  it('is checked at its place, with what is around it on disk', async () => {
    expect(await check(AROUND)).toEqual([]);
  });

  it('is not checked against what is committed alone', async () => {
    const { 'nodes/pi.yaml': _node, 'stacks/a/x.env': _env, 'stacks/a/conf.txt': _file, ...rest } = AROUND;
    expect(await check(rest)).toEqual([
      '1:53 error ENV_FILE_NOT_FOUND services.web.env_file',
      '4:17 error UNKNOWN_NODE nodes[0].name',
      '5:38 error FILE_NOT_FOUND services.web.files[0].source',
    ]);
  });

  it('tells of a node whose file has errors, and of a place that makes it another kind of file', async () => {
    const broken = { ...AROUND, 'nodes/pi.yaml': 'connection: 1\n' };
    expect(await check(broken)).toEqual(['4:17 error UNKNOWN_NODE nodes[0].name']);
    expect(await check(AROUND, 'nodes/pi.yaml', 'connection: 1\n')).toEqual([
      '1:13 error INVALID_TYPE connection',
    ]);
  });

  it('knows kits that are not committed', async () => {
    const kit = 'version: "1.0"\nname: mine\nservices: { page: { image: nginx } }\n';
    const text = 'version: "1.0"\nmeta: { name: a }\nstackkit: mine\nservices: [page]\n';
    const [missing = ''] = await check({}, PLACE, text);
    expect(missing).toContain('UNKNOWN_KIT');
    expect((await check({ 'stackkits/mine/stackkit.yaml': kit }, PLACE, text)).join()).not.toContain(
      'UNKNOWN_KIT',
    );
  });
});
