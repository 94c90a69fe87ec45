import type { Diagnostic } from '../../reconciler/base/diagnostic.ts';
import { ReconcilerError } from '../../reconciler/base/errors.ts';
import { createSchemaCheck } from '../../reconciler/config/schema-check.ts';
import type { OperatorPolicy } from '../../reconciler/model/operator-policy.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import type { DesiredState, LoadResult } from '../../reconciler/ports/desired.ts';
import type { ManifestRenderer } from '../../reconciler/ports/manifest-renderer.ts';
import type { Secrets } from '../../reconciler/ports/secrets.ts';
import type { Vault } from '../../reconciler/ports/vault.ts';
import { givenSecret } from '../../reconciler/ports/vault.ts';
import type { DesiredStateOptions } from '../../reconciler/desired/desired-state.ts';
import { createDesiredState } from '../../reconciler/desired/desired-state.ts';
import type { MemoryFiles, MemorySource } from './memory/memory-source.ts';
import { createMemorySource } from './memory/memory-source.ts';

/** Secrets from a record that the test may change, and those that were given over the API. */
export function createFixedSecrets(
  values: Readonly<Record<string, string>> = {},
  vault?: Pick<Vault, 'get'>,
): Secrets {
  return {
    resolve(reference) {
      const given = vault?.get(givenSecret(reference.replace(/^secret:\/\/file\//, '')));
      const value = values[reference] ?? given?.reveal();
      if (value === undefined) throw new ReconcilerError('SECRET_NOT_FOUND', `there is no ${reference}`);
      return new Secret(value, reference);
    },
    open: ({ path }) =>
      Promise.reject(new ReconcilerError('SECRET_NOT_DECRYPTED', `cannot decrypt ${path}: there is no key`)),
    run: (name) => Promise.reject(new ReconcilerError('SECRET_NOT_FOUND', `there is no command ${name}`)),
    providers: [],
    ask: (name) => Promise.reject(new ReconcilerError('SECRET_NOT_FOUND', `there is no provider ${name}`)),
  };
}

/** Compiled once for a whole test file. */
export const checkSchema = createSchemaCheck();

export interface DesiredFixture {
  readonly state: DesiredState;
  readonly source: MemorySource;
  /** Commits files (`null` deletes) and loads the commit. */
  push(files: MemoryFiles): Promise<LoadResult>;
  /** Loads what the branch points at now. */
  load(): Promise<LoadResult>;
}

export function createDesiredFixture(
  options: {
    readonly secrets?: Record<string, string>;
    /** Instead of `secrets`. */
    readonly port?: Secrets;
    readonly limits?: DesiredStateOptions['limits'];
    /** Default: everything is allowed. */
    readonly policy?: OperatorPolicy;
    /** Default: nobody knows whether there is one. */
    readonly renderer?: ManifestRenderer | null;
  } = {},
): DesiredFixture {
  const source = createMemorySource();
  const { limits, policy, renderer } = options;
  const secrets = options.port ?? createFixedSecrets(options.secrets);
  const state = createDesiredState({
    source,
    secrets,
    checkSchema,
    ...(limits ? { limits } : {}),
    ...(policy ? { policy } : {}),
    ...(renderer === undefined ? {} : { renderer }),
  });
  const load = async (): Promise<LoadResult> => {
    const { signal } = new AbortController();
    return state.load(await source.resolve(signal), signal);
  };
  return {
    state,
    source,
    load,
    push(files) {
      source.push(files);
      return load();
    },
  };
}

/** A kombination of this name with the given lines under `services:`. */
export function kombination(name: string, ...services: readonly string[]): string {
  const lines = services.length > 0 ? services : ['web:', '  image: nginx:1.29'];
  return [
    'version: "1.0"',
    `meta: { name: ${name} }`,
    'services:',
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** `line:column severity CODE path`, what tests compare. */
export function briefDiagnostics(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(
    ({ line, column, severity, code, path }) => `${line}:${column} ${severity} ${code} ${path}`,
  );
}
