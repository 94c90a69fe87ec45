import { own } from '../base/values.ts';
import { ReconcilerError } from '../base/errors.ts';

export const ENVIRONMENTS = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/**
 * A release: what is, or is to be, deployed where. Its tag is `<service>-v<X.Y.Z>-<environment>`; tags of deployments:
 * run/record/deployment-tag.ts.
 */
export interface Release {
  /** A stack, or a service that one stack only has. */
  readonly service: string;
  /** `1.2.3`, `1.2.3-rc1` */
  readonly version: string;
  readonly environment: Environment;
}

const VERSION = /^\d+\.\d+\.\d+(?:-[a-zA-Z0-9]+)?$/;
const TAG = /^(.+)-v(\d+\.\d+\.\d+(?:-[a-zA-Z0-9]+)?)-(dev|staging|prod)$/;
const ENVIRONMENT_ABBREVIATIONS: Readonly<Record<string, Environment>> = {
  development: 'dev',
  production: 'prod',
};

export function formatRelease({ service, version, environment }: Release): string {
  return `${service}-v${version}-${environment}`;
}

/** `null` for tags of another scheme. */
export function parseRelease(tag: string): Release | null {
  const [, service, version, short] = TAG.exec(tag) ?? [];
  const environment = ENVIRONMENTS.find((known) => known === short);
  if (service === undefined || version === undefined || environment === undefined) return null;
  return { service, version, environment };
}

/** Checks what somebody has written. Throws BAD_OPTIONS with all that is wrong. */
export function readRelease(written: {
  readonly service: string;
  readonly version: string;
  readonly environment: string;
}): Release {
  const { service } = written;
  const version = written.version.replace(/^v/, '');
  const environment =
    own(ENVIRONMENT_ABBREVIATIONS, written.environment) ??
    ENVIRONMENTS.find((known) => known === written.environment);
  const problems = [
    ...(/^[a-z0-9][a-z0-9_.-]*$/i.test(service) && !service.includes('..')
      ? []
      : [`"${service}" is no service`]),
    ...(VERSION.test(version) ? [] : [`"${written.version}" is no version, such as 1.2.3 or 1.2.3-rc1`]),
    ...(environment === undefined
      ? [`"${written.environment}" is no environment: ${ENVIRONMENTS.join(', ')}`]
      : []),
  ];
  if (environment === undefined || problems.length > 0)
    throw new ReconcilerError('BAD_OPTIONS', problems.join('; '));
  return { service, version, environment };
}
