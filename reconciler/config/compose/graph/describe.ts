import { MASK } from '../../../model/secret.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asNumber, asString, asText, defined, toRecord } from '../../../base/values.ts';
import { readBind } from '../binds.ts';
import { toPairs } from '../merge.ts';
import { child, entriesOf, textOf } from '../node.ts';
import type {
  ComposeBuild,
  ComposePart,
  ComposeService,
  ComposeVolumeUse,
} from '../../../model/imports/compose-analysis.ts';
import { undouble } from './dollar.ts';
import type { ReadService } from './read-services.ts';
import { readVariables } from './variables.ts';

/** Ports of a service that are shown: ranges have a thousand. */
const MAX_SHOWN_PORTS = 100;

/** A service as it is shown. */
export function describeService({ name, plain, fields, node }: ReadService): ComposeService {
  const words = (list: readonly string[] | undefined) => some((list ?? []).map(undouble));
  return defined({
    name,
    image: imageOf(plain),
    build: describeBuild(node),
    ports: some(
      (fields.ports ?? [])
        .slice(0, MAX_SHOWN_PORTS)
        .map(({ port: { hostIp, hostPort, containerPort, protocol } }) =>
          defined({ hostIp, hostPort, containerPort, protocol }),
        ),
    ),
    environment: record(readVariables(fields.env).map((one) => [one.name, shown(one)])),
    volumes: some(describeVolumes({ fields, node })),
    dependsOn: some([...new Set(fields.dependsOn.map(({ service }) => service))]),
    command: words(fields.command),
    entrypoint: words(fields.entrypoint),
    networks: some((fields.networks ?? []).map((network) => network.name)),
    replicas: replicasOf(plain),
    healthcheck: describeHealthcheck(asFields(plain['healthcheck'])),
    labels: record(Object.entries(fields.labels).map(([key, value]) => [key, undouble(value)])),
    resources: asFields(asFields(plain['deploy'])?.['resources']),
    restart: asString(plain['restart']),
    workingDir: asString(plain['working_dir']),
  });
}

function shown({ kind, value }: ReturnType<typeof readVariables>[number]): string {
  return kind === 'secret' ? MASK : value;
}

/** The image as written: what a cluster makes of a short name is its own affair. */
export function imageOf(plain: Fields): string | undefined {
  const image = asString(plain['image']);
  return image === undefined || image.trim() === '' ? undefined : undouble(image).trim();
}

export function replicasOf(plain: Fields): number | undefined {
  return asNumber(asFields(plain['deploy'])?.['replicas']) ?? asNumber(plain['scale']);
}

function describeBuild(node: ReadService['node']): ComposeBuild | undefined {
  const build = child(node, 'build');
  if (build === undefined) return undefined;
  const args = child(build, 'args');
  const pairs = readVariables(
    entriesOf(args && toPairs(args)).map(([name, value]) => ({ name, value: textOf(value) ?? '', path: [] })),
  );
  return defined({
    context: textOf(child(build, 'context')) ?? '.',
    dockerfile: textOf(child(build, 'dockerfile')),
    target: textOf(child(build, 'target')),
    args: record(pairs.map((one) => [one.name, shown(one)])),
  });
}

function describeVolumes({
  fields,
  node,
}: Pick<ReadService, 'fields' | 'node'>): readonly ComposeVolumeUse[] {
  const mounts = fields.mounts.map(({ mount }): ComposeVolumeUse => {
    const { target, readOnly } = mount;
    const use = defined({ target, readonly: readOnly });
    if (mount.type === 'tmpfs') return { source: '', ...use, type: 'tmpfs' };
    if (mount.type === 'anonymous') return { source: '', ...use, type: 'volume' };
    return { source: mount.source, ...use, type: mount.type };
  });
  const volumes = child(node, 'volumes');
  const binds = (volumes?.kind === 'list' ? volumes.items : []).flatMap((item): ComposeVolumeUse[] => {
    const bind = readBind(item, node);
    if (bind === undefined) return [];
    const { source, target, readOnly } = bind;
    return [{ source, target, type: 'bind', ...(readOnly ? { readonly: true } : {}) }];
  });
  return [...mounts, ...binds];
}

function describeHealthcheck(fields: Fields | undefined): Fields | undefined {
  if (fields === undefined) return undefined;
  const { test, interval, timeout, retries, start_period: startPeriod } = fields;
  const said = { test: asList(test) ?? (test === undefined ? undefined : [asText(test)]) };
  return defined({ ...said, interval, timeout, retries, startPeriod });
}

/** Volumes or networks at the top of the project. */
export function describeParts(parts: unknown): readonly ComposePart[] {
  return Object.entries(asFields(parts) ?? {}).map(([name, value]) => {
    const fields = asFields(value) ?? {};
    const labels = asFields(fields['labels']);
    return defined({
      name,
      driver: asString(fields['driver']),
      external: fields['external'] === true || asFields(fields['external']) !== undefined ? true : undefined,
      labels: labels && record(Object.entries(labels).map(([key, text]) => [key, asText(text)])),
    });
  });
}

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function record(
  entries: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> | undefined {
  return entries.length > 0 ? toRecord(entries) : undefined;
}
