import type { FetchPlace } from '../adapters/git/fetcher.ts';
import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asNumber, asString, defined } from '../base/values.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import type { DockerReference } from '../model/target.ts';
import type { BuildPolicy } from '../ports/builds/build-policy.ts';

/** `builds` of the operator's configuration. */
export interface BuildsConfig extends BuildPolicy {
  readonly places: readonly FetchPlace[];
  /** Program that plans builds of what has no Dockerfile; left out: there is none. */
  readonly planner?: string;
}

/** The engine of this machine, unless `engines` has one of that name. */
const LOCAL: DockerReference = { name: 'local', kind: 'docker', connection: { type: 'local' } };
const TIMEOUT_MS = 30 * 60_000;

/** Reads what the schema has passed; what that cannot tell is added to the collector. `null`: there are no builds. */
export function readBuildsConfig(
  fields: Fields | undefined,
  { targets }: Pick<OperatorPolicy, 'targets'>,
  diagnostics: DiagnosticCollector,
): BuildsConfig | null {
  if (fields === undefined) return null;
  const name = asString(fields['engine']) ?? '';
  const known = targets.get(name)?.reference ?? (name === LOCAL.name ? LOCAL : undefined);
  if (known?.kind !== 'docker') {
    diagnostics.error('UNKNOWN_NODE', ['builds', 'engine'], `there is no engine "${name}"`, {
      hint: 'name one under engines, or say local for the engine of this machine',
    });
    return null;
  }
  return {
    engine: known,
    atOnce: asNumber(fields['atOnce']) ?? 1,
    timeoutMs: TIMEOUT_MS,
    ...defined({ planner: asString(fields['planner']) }),
    places: (asList(fields['sources']) ?? []).map(readPlace),
  };
}

/** Reads a place of repositories: its address, or that with who asks there. */
export function readPlace(item: unknown): FetchPlace {
  const fields = asFields(item);
  if (fields === undefined) return { address: asString(item) ?? '' };
  const credentials = { username: asString(fields['username']), password: asString(fields['password']) };
  return { address: asString(fields['url']) ?? '', ...defined(credentials) };
}
