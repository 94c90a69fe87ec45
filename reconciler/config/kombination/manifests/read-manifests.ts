import type { Fields } from '../../../base/values.ts';
import { asFields, asString, defined } from '../../../base/values.ts';
import { texts } from '../../../model/docker/options/option-values.ts';
import type { Kombination } from '../kombination.ts';
import type { ChartModel, ChartPlace, ManifestModel, OverlayModel } from './manifest-model.ts';

/** `charts` and `overlays` of a document that the schema has seen; what has a wrong type is passed over. */
export function readManifests(document: Fields): Pick<Kombination, 'manifests'> {
  const charts = Object.entries(asFields(document['charts']) ?? {}).flatMap(([name, value]) =>
    readChart(name, asFields(value) ?? {}),
  );
  const overlays = Object.entries(asFields(document['overlays']) ?? {}).flatMap(([name, value]) =>
    readOverlay(name, asFields(value) ?? {}),
  );
  const manifests: readonly ManifestModel[] = [...charts, ...overlays];
  return manifests.length === 0 ? {} : { manifests };
}

function readChart(name: string, fields: Fields): readonly ChartModel[] {
  const place = readPlace(fields);
  if (place === undefined) return [];
  return [
    {
      kind: 'chart',
      name,
      place,
      release: asString(fields['release']) ?? name,
      values: asFields(fields['values']) ?? {},
      valuesFiles: texts(fields['valuesFiles']),
      hooks: fields['hooks'] === 'leave-out' ? 'leave-out' : 'refuse',
      crds: fields['crds'] !== false,
      apiVersions: texts(fields['apiVersions']),
      path: ['charts', name],
      ...defined({
        node: asString(fields['node']),
        namespace: asString(fields['namespace']),
        kubeVersion: asString(fields['kubeVersion']),
      }),
    },
  ];
}

function readPlace(fields: Fields): ChartPlace | undefined {
  const chart = asString(fields['chart']);
  if (chart === undefined) return undefined;
  const repository = asString(fields['repository']);
  const isOci = chart.startsWith('oci://');
  if (repository === undefined && !isOci) return { type: 'directory', directory: chart };
  const version = asString(fields['version']) ?? '';
  const digest = asString(fields['digest']) ?? '';
  return {
    type: 'archive',
    archive: { address: isOci ? chart : (repository ?? ''), chart, version, digest },
  };
}

function readOverlay(name: string, fields: Fields): readonly OverlayModel[] {
  const directory = asString(fields['path']);
  if (directory === undefined) return [];
  const place = defined({ node: asString(fields['node']), namespace: asString(fields['namespace']) });
  return [{ kind: 'overlay', name, directory, path: ['overlays', name], ...place }];
}
