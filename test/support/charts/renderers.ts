import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { RendererOptions } from '../../../reconciler/adapters/charts/renderer.ts';
import { createManifestRenderer } from '../../../reconciler/adapters/charts/renderer.ts';
import type { ChartRequest, ManifestRenderer } from '../../../reconciler/ports/manifest-renderer.ts';
import { writeChartPrograms } from './programs.ts';

/** Renderers with programs that stand in, for the tests of one file. */
export interface RenderersRig {
  /** Directory that goes with the tests. */
  readonly root: string;
  readonly programs: Partial<RendererOptions>;
  rendererOf(more?: Partial<RendererOptions>): ManifestRenderer;
}

export function useRenderers(): RenderersRig {
  let root = '';
  let programs: Partial<RendererOptions> = {};
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'kombinator-renderer-'));
    const { helm, kustomize } = writeChartPrograms(join(root, 'bin'));
    programs = { helm, kustomize: { program: kustomize, words: ['build'] } };
  });
  afterAll(() => rmSync(root, { recursive: true }));
  return {
    get root() {
      return root;
    },
    get programs() {
      return programs;
    },
    rendererOf: (more = {}) =>
      createManifestRenderer({
        ...programs,
        registries: [],
        directory: join(root, 'charts'),
        timeoutMs: 20_000,
        maxBytes: 100_000,
        ...more,
      }),
  };
}

export const file = (path: string, text: string) => ({ path, content: Buffer.from(text) });
export const chart = (template: string, more: Partial<ChartRequest> = {}): ChartRequest => ({
  kind: 'chart',
  chart: { directory: 'chart' },
  files: [
    file('chart/Chart.yaml', 'name: demo\n'),
    file('chart/values.yaml', 'a: 1\nb: 2\nc: 3\n'),
    file('chart/templates/a.yaml', template),
    file('chart/crds/d.yaml', 'definition'),
    file('values/0.yaml', 'b: 20\nc: 30\n'),
  ],
  release: 'web',
  namespace: 'apps',
  valuesFiles: ['values/0.yaml'],
  values: '{"c": 300}',
  crds: false,
  apiVersions: [],
  ...more,
});
