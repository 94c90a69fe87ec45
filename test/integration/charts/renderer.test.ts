import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepArchives } from '../../../reconciler/adapters/charts/archives.ts';
import { createManifestRenderer } from '../../../reconciler/adapters/charts/renderer.ts';
import { sweepWorkDirectories } from '../../../reconciler/adapters/charts/work-directory.ts';
import type { OverlayRequest } from '../../../reconciler/ports/manifest-renderer.ts';
import { chart, file, useRenderers } from '../../support/charts/renderers.ts';
import { eventually } from '../../support/eventually.ts';

const signal = new AbortController().signal;
const rig = useRenderers();
const { rendererOf } = rig;

/** A process that has ended and that nobody has waited for is still listed. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a chart', () => {
  it('is rendered with its values, those of files and those given, each before the one before', async () => {
    const text = await rendererOf().render(
      chart('{{ .Values.a }} {{ .Values.b }} {{ .Values.c }} {{ .Release.Name }} {{ .Release.Namespace }}'),
      [],
      signal,
    );
    expect(text).toContain('1 20 300 web apps');
    expect(text).not.toContain('definition');
    expect(readdirSync(join(rig.root, 'charts'))).toEqual([]);
  });

  it('gets definitions, versions and kinds as it is told', async () => {
    const request = chart('{{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions }}', {
      crds: true,
      kubeVersion: '1.31',
      apiVersions: ['a.example/v1', 'b.example/v1'],
    });
    expect(await rendererOf().render(request, [], signal)).toMatch(
      /definition[^]*1\.31 a\.example\/v1,b\.example\/v1/,
    );
  });

  it('comes with nothing of the daemon, and leaves nothing behind', async () => {
    process.env['KOMBINATOR_SECRET_OF_TEST'] = 'hunter2';
    const text = await rendererOf().render(
      chart('{{ surroundings }}', { values: '{"p": "in-memory"}' }),
      [],
      signal,
    );
    delete process.env['KOMBINATOR_SECRET_OF_TEST'];
    expect(text).toMatch(/HTTPS_PROXY:http:\/\/127\.0\.0\.1:1,/);
    for (const name of ['NO_PROXY', 'no_proxy']) expect(text).toMatch(new RegExp(`[,{]${name}:[,}]`));
    expect(text).toMatch(/HELM_NO_PLUGINS:1/);
    expect(text).not.toMatch(/hunter2|in-memory|node_modules|\/usr\/bin/);
    expect(readdirSync(join(rig.root, 'charts'))).toEqual([]);
  });

  it('that comes out otherwise each time is refused', async () => {
    expect(await rendererOf().render(chart('a\nb: {{ random }}'), [], signal)).toMatchObject({
      problem: 'it comes out otherwise each time, first at b in templates/a.yaml, line 4 of what helm prints',
    });
  });

  it('that fails is told of without secrets and paths of this machine', async () => {
    const request = chart('{{ .Values.password | fail }}', { values: '{"password": "correct-horse"}' });
    const answer = await rendererOf().render(request, ['correct-horse'], signal);
    expect(answer).toEqual({
      problem:
        'helm cannot render it: execution error at (demo/templates/a.yaml:1:3): bad value "***" in chart',
    });
  });

  it('may not print without end, nor take for ever, nor leave programs behind', async () => {
    expect(await rendererOf({ maxBytes: 1_000 }).render(chart('x'.repeat(2_000)), [], signal)).toEqual({
      problem: 'it prints more than 1000 bytes',
    });
    const started = join(rig.root, 'started');
    const slow = join(rig.root, 'slow');
    const text = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      require('node:fs').writeFileSync(${JSON.stringify(started)}, String(child.pid));
      setInterval(() => {}, 1000);`;
    writeFileSync(slow, `#!${process.execPath}\n${text}`, { mode: 0o755 });
    const answer = await rendererOf({ helm: slow, timeoutMs: 2_000 }).render(chart('a'), [], signal);
    expect(answer).toEqual({ problem: 'it did not end within 2 s' });
    const pid = Number(readFileSync(started, 'utf8'));
    expect(
      await eventually(
        () => isRunning(pid),
        (running) => !running,
      ),
    ).toBe(false);
  });

  it('may not fill the memory', async () => {
    const greedy = join(rig.root, 'greedy');
    const text = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(16 * 1024 ** 2, 1)), 20);';
    writeFileSync(greedy, `#!${process.execPath}\n${text}`, { mode: 0o755 });
    const maxMemoryBytes = 256 * 1024 ** 2;
    expect(await rendererOf({ helm: greedy, maxMemoryBytes }).render(chart('a'), [], signal)).toMatchObject({
      problem: `it takes more than ${maxMemoryBytes} bytes of memory`,
    });
    const told = await rendererOf({ maxMemoryBytes }).render(chart('{{ surroundings }}'), [], signal);
    expect(told).toContain('GOMEMLIMIT:214748364B');
  });

  it.each([
    ['x'.repeat(300), 'ENAMETOOLONG'],
    ['Chart.yaml/a', 'EEXIST'],
    ['../../../a', 'leads out'],
  ])('with the file %s fails alone, and leaves nothing behind', async (name, told) => {
    const request = chart('a');
    const files = [...request.files, file(`chart/${name}`, 'a')];
    const answer = await rendererOf().render({ ...request, files }, [], signal);
    expect(answer).toMatchObject({ problem: expect.stringContaining(told) as string });
    expect(JSON.stringify(answer)).not.toContain(rig.root);
    expect(readdirSync(join(rig.root, 'charts'))).toEqual([]);
  });

  it('is not rendered when nobody wants it any more', async () => {
    const controller = new AbortController();
    const running = rendererOf().render(chart('a'), [], controller.signal);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await eventually(
      () => readdirSync(join(rig.root, 'charts')).length,
      (count) => count === 0,
    );
  });

  it('needs the program to be there', async () => {
    const answer = await rendererOf({ helm: '/nowhere/helm' }).render(chart('a'), [], signal);
    expect(answer).toMatchObject({
      problem: expect.stringContaining('/nowhere/helm cannot be run') as string,
    });
    const { helm: _, ...none } = rig.programs;
    const renderer = createManifestRenderer({
      ...none,
      registries: [],
      directory: rig.root,
      timeoutMs: 1,
      maxBytes: 1,
    });
    expect(renderer.whyNot({ kind: 'chart', address: null })).toMatchObject({ code: 'NOT_ALLOWED' });
    expect(renderer.whyNot({ kind: 'overlay' })).toBeNull();
  });
});

it('an overlay is built on what is beside it', async () => {
  const request: OverlayRequest = {
    kind: 'overlay',
    directory: 'repository/prod',
    files: [
      file('repository/prod/kustomization.yaml', 'namePrefix: prod-\nresources:\n  - ../base\n'),
      file('repository/base/kustomization.yaml', 'resources:\n  - a.yaml\n'),
      file('repository/base/a.yaml', 'metadata:\n  name: a\n'),
    ],
  };
  expect(await rendererOf().render(request, [], signal)).toContain('name: prod-a');
});

it('what a process that was killed has left goes', async () => {
  const directory = mkdtempSync(join(rig.root, 'left-'));
  mkdtempSync(join(directory, 'work-'));
  writeFileSync(join(directory, 'other'), '');
  writeFileSync(join(directory, 'a.tgz.1.part'), '');
  await sweepWorkDirectories(directory);
  await sweepArchives(directory);
  expect(readdirSync(directory)).toEqual(['other']);
});
