import type { FilePlace } from '../../model/docker/docker-spec.ts';
import { defined, emptyRecord } from '../../base/values.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { composeValue, escapeCompose } from './compose-text.ts';
import type { GeneratedFile } from '../../model/generated.ts';
import { textOf } from './generated.ts';
import { piecesOf } from './variables.ts';

export interface PlacedFiles {
  readonly configs: Record<string, object>;
  readonly secrets: Record<string, object>;
  /** Contents that are no text, or too much of it, beside the Compose file. */
  readonly files: GeneratedFile[];
  /** `configs` and `secrets` of one service. */
  of(service: string): object;
}

const MAX_INLINE_BYTES = 64 * 1024;

/** Files of the repository as `configs`, secret ones as `secrets`: Compose copies both into the container. */
export function placeFiles(services: readonly BlueprintService[], blueprint: Blueprint): PlacedFiles {
  const uses = new Map<string, { configs?: object[]; secrets?: object[] }>();
  const placed: PlacedFiles = {
    configs: emptyRecord(),
    secrets: emptyRecord(),
    files: [],
    of: (service) => uses.get(service) ?? {},
  };
  for (const service of services) {
    for (const [index, { reference }] of (service.build?.secrets ?? []).entries()) {
      const environment = blueprint.variables.nameOf(reference);
      placed.secrets[buildSecretName(service.name, index)] = { environment };
    }
    const own = {
      configs: placeConfigs(service, blueprint, placed),
      secrets: placeSecrets(service, blueprint, placed),
    };
    uses.set(
      service.name,
      defined({
        configs: own.configs.length > 0 ? own.configs : undefined,
        secrets: own.secrets.length > 0 ? own.secrets : undefined,
      }),
    );
  }
  return placed;
}

/** Returns what a secret of a build is called at the top level. */
export function buildSecretName(service: string, index: number): string {
  return `${service}-build-secret-${index + 1}`;
}

function placeConfigs({ name, spec }: BlueprintService, blueprint: Blueprint, placed: PlacedFiles): object[] {
  return (spec.files ?? []).map((file, index) => {
    const source = `${name}-${index + 1}`;
    if ('content' in file) {
      placed.configs[source] = { content: composeValue(file.content, blueprint.variables) };
      return useOf(source, file);
    }
    const bytes = blueprint.content(file.blob);
    const text = bytes.length > MAX_INLINE_BYTES ? null : textOf(bytes);
    if (text === null || text === '') {
      const path = `files/${name}${file.target}`;
      placed.files.push({ path, content: bytes });
      placed.configs[source] = { file: escapeCompose(`./${path}`) };
    } else placed.configs[source] = { content: escapeCompose(text) };
    return useOf(source, file);
  });
}

/** One variable can be handed on as it is; a text with several goes the way of configs. */
function placeSecrets({ name, spec }: BlueprintService, blueprint: Blueprint, placed: PlacedFiles): object[] {
  return (spec.secrets ?? []).flatMap((file, index) => {
    const [piece] = piecesOf(file.content, blueprint.variables);
    if (!piece || !('variable' in piece)) return [];
    const source = `${name}-secret-${index + 1}`;
    placed.secrets[source] = { environment: piece.variable };
    return [useOf(source, file)];
  });
}

function useOf(source: string, { target, mode, uid, gid }: FilePlace): object {
  return defined({
    source,
    target: escapeCompose(target),
    uid: uid === undefined ? undefined : String(uid),
    gid: gid === undefined ? undefined : String(gid),
    mode: `0${mode.toString(8)}`,
  });
}
