import type { HookStage } from '../../model/stack.ts';
import { HOOK_STAGES } from '../../model/stack.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { isProblem } from '../../base/problem.ts';
import type { Kombination, ServiceFields, ServiceModel } from './kombination.ts';
import { suggest } from '../../base/nearest.ts';
import { nodeOf } from './service/service-node.ts';
import { readServiceFields } from './service/service-fields.ts';
import { sharedService } from './service/service-network.ts';
import { parseDuration } from '../../base/units.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, defined } from '../../base/values.ts';

/** A command that runs once in a container of its own. */
export interface HookModel {
  readonly stage: HookStage;
  readonly name: string;
  /** Service that its container is made from; its name is none that a service can have. */
  readonly service: ServiceModel;
  readonly timeoutMs: number;
  readonly path: DocumentPath;
}

const DEFAULT_TIMEOUT_MS = 600_000;

/** Reads `hooks` of a document that has been checked against the schema. */
export function readHooks(
  document: unknown,
  kombination: Kombination,
  diagnostics: DiagnosticCollector,
): readonly HookModel[] {
  const hooks = asFields(asFields(document)?.['hooks']) ?? {};
  const image = asString(hooks['image']);
  return HOOK_STAGES.flatMap((stage) =>
    (asList(hooks[stage]) ?? []).flatMap((item, index): readonly HookModel[] => {
      const path = ['hooks', stage, index];
      const command = asString(item);
      const fields = command === undefined ? asFields(item) : { command: ['sh', '-c', command] };
      if (!fields) return [];
      const name = asString(fields['name']) ?? String(index + 1);
      const service = readService(
        { fields, image, name: `hook:${stage}:${name}`, path },
        kombination,
        diagnostics,
      );
      return service === null
        ? []
        : [{ stage, name, service, timeoutMs: readTimeout(fields, path, diagnostics), path }];
    }),
  );
}

interface WrittenHook {
  readonly fields: Fields;
  /** Image of hooks that name none. */
  readonly image: string | undefined;
  readonly name: string;
  readonly path: DocumentPath;
}

function readService(
  hook: WrittenHook,
  kombination: Kombination,
  diagnostics: DiagnosticCollector,
): ServiceModel | null {
  const { fields, image, name, path } = hook;
  const own = readServiceFields(
    { ...fields, ...((fields['image'] ?? image) ? { image: fields['image'] ?? image } : {}) },
    path,
    diagnostics,
  );
  const wanted = asString(fields['service']);
  const base = kombination.services.find((service) => service.name === wanted);
  if (wanted !== undefined && base === undefined) {
    const known = kombination.services.filter(({ partOf }) => partOf === undefined).map((one) => one.name);
    const message = `the hook is to run as ${wanted}, which is not a service of this stack`;
    diagnostics.error('UNKNOWN_SERVICE', [...path, 'service'], message, { hint: suggest(wanted, known) });
    return null;
  }
  if (base === undefined && own.image === undefined) {
    diagnostics.error('REQUIRED', path, 'the hook has no image', {
      hint: 'give it an image, a service to run as, or all of them hooks.image',
    });
    return null;
  }
  const node = nodeOf(own.node ?? base?.node, kombination.nodes);
  return asOneOff({ ...(base === undefined ? own : inherit(base, own)), name, node, path });
}

/** Puts what the hook says itself over everything that the service has. */
function inherit(base: ServiceModel, own: ServiceFields): ServiceFields {
  const names = new Set(own.env.map((entry) => entry.name));
  const given = defined({ ...own });
  return {
    ...base,
    ...given,
    // An entry point belongs to the command that follows it.
    ...(own.command === undefined ? {} : { command: own.command }),
    env: [...base.env.filter((entry) => !names.has(entry.name)), ...own.env],
    mounts: [...base.mounts, ...own.mounts],
    dataMounts: own.dataMounts,
    files: [...base.files, ...own.files],
    secrets: [...base.secrets, ...own.secrets],
    options: { ...base.options, ...own.options },
  };
}

/** Nothing that two containers cannot have, nothing that keeps it running, nobody it waits for. */
function asOneOff(service: ServiceModel): ServiceModel {
  const {
    containerName: _name,
    ports: _ports,
    networkMode,
    partOf: _part,
    route: _route,
    ...others
  } = service;
  const { postStart: _started, preStop: _stopping, ...rest } = others;
  const isShared = sharedService(networkMode) !== undefined;
  return {
    ...rest,
    ...(networkMode === undefined || isShared ? {} : { networkMode }),
    labels: {},
    links: [],
    volumesFrom: [],
    dependsOn: [],
    healthcheck: { disabled: true },
    restart: { policy: 'no' },
  };
}

function readTimeout(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): number {
  const text = asString(fields['timeout']);
  const timeout = text === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(text);
  if (!isProblem(timeout)) return timeout;
  diagnostics.error('INVALID_FORMAT', [...path, 'timeout'], timeout.problem, { hint: timeout.hint });
  return DEFAULT_TIMEOUT_MS;
}
