import { createDockerTarget } from '../adapters/docker/index.ts';
import { createKubernetesTarget } from '../adapters/kubernetes/index.ts';
import { errorMessage, ReconcilerError } from '../base/errors.ts';
import { isProblem } from '../base/problem.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import { createSchemaCheck } from '../config/schema-check.ts';
import type { RegistryCredentials } from '../model/registry.ts';
import type { Secret } from '../model/secret.ts';
import { parseSecretReference } from '../model/secret-reference.ts';
import type { ExtensionReference, TargetReference } from '../model/target.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { TargetKind } from '../ports/target-kind.ts';
import type { Target } from '../ports/target.ts';

const WORD = /^[a-z][a-z0-9-]*$/;

export interface RegisteredKinds {
  readonly kinds: ReadonlyMap<string, TargetKind>;
  /** Knows what nodes of these kinds look like. */
  readonly checkSchema: SchemaCheck;
}

/** Throws BAD_OPTIONS for a word that is taken, or cannot be one, and for a schema that is none. */
export async function registerKinds(list: readonly TargetKind[]): Promise<RegisteredKinds> {
  if (list.length === 0) return { kinds: new Map(), checkSchema: createSchemaCheck() };
  // The compiler of schemas is loaded by programs with kinds of their own only.
  const { compileSchemas, NODE_TYPES } = await import('../config/compile-schemas.ts');
  const kinds = new Map<string, TargetKind>();
  for (const kind of list) {
    const refuse = (reason: string) =>
      new ReconcilerError('BAD_OPTIONS', `the target kind ${JSON.stringify(kind.kind)} ${reason}`);
    if (!WORD.test(kind.kind)) throw refuse('needs a name of lower-case letters, digits and hyphens');
    if (kind.kind === 'kubernetes' || NODE_TYPES.includes(kind.kind))
      throw refuse('has the name of one that comes along');
    if (kinds.has(kind.kind)) throw refuse('is given twice');
    kinds.set(kind.kind, kind);
  }
  try {
    return { kinds, checkSchema: createSchemaCheck(compileSchemas(kinds)) };
  } catch (error) {
    const names = [...kinds.keys()].join(', ');
    const message = `the connection schema of a target kind (${names}) is no JSON Schema: ${errorMessage(error)}`;
    throw new ReconcilerError('BAD_OPTIONS', message, { cause: error });
  }
}

export interface TargetFactoryParts {
  readonly kinds: ReadonlyMap<string, TargetKind>;
  readonly secrets: Secrets;
  readonly registries: () => readonly RegistryCredentials[];
  /** Variables that say where this machine's engine is, and with which keys others are reached. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The target behind a node. */
export function createTarget(reference: TargetReference, parts: TargetFactoryParts): Target {
  const { secrets, registries, env, clock, logger } = parts;
  const { name } = reference;
  switch (reference.kind) {
    case 'docker':
      return createDockerTarget({
        name,
        connection: reference.connection,
        environment: env,
        registries,
        clock,
        logger,
      });
    case 'kubernetes': {
      const resolveSecret = (secret: string) => secrets.resolve(secret);
      return createKubernetesTarget({ name, connection: reference.connection, resolveSecret, clock, logger });
    }
    case 'extension':
      return createExtension(reference, parts);
    default:
      return reference satisfies never;
  }
}

function createExtension(reference: ExtensionReference, parts: TargetFactoryParts): Target {
  const { name, type, connection, address } = reference;
  const { kinds, secrets, clock, logger } = parts;
  const kind = kinds.get(type);
  if (kind === undefined)
    throw new Error(`internal: ${name} is of the kind ${type}, which is not registered`);
  const readSecret = (secret: string, signal: AbortSignal) => readReference(secrets, secret, signal);
  return kind.create({ name, connection, address }, { clock, logger, readSecret });
}

async function readReference(secrets: Secrets, text: string, signal: AbortSignal): Promise<Secret> {
  const reference = parseSecretReference(text);
  const refuse = (reason: string) => new ReconcilerError('SECRET_NOT_FOUND', reason);
  if (isProblem(reference)) throw refuse(`${reference.problem}; ${reference.hint ?? ''}`);
  switch (reference.store) {
    case 'command':
      return secrets.run(reference.name, reference.argument, signal);
    case 'provider':
      return secrets.ask(reference.provider, reference.path, signal);
    case 'sops':
    case 'age':
      throw refuse(`${text} is a file of the repository, and a connection takes none`);
    default:
      return secrets.resolve(text);
  }
}
