import type { Actor } from './views.ts';

export type CheckStatus = 'pass' | 'warning' | 'error';

/** Repairs that can be asked for. */
export const SERVICE_FIXES = ['selector-fix', 'port-fix', 'metallb-pool'] as const;
export type ServiceFixType = (typeof SERVICE_FIXES)[number];

export interface ServiceCheck {
  readonly name:
    | 'service-exists'
    | 'endpoints-exist'
    | 'loadbalancer-provisioned'
    | 'selector-match'
    | 'pods-ready'
    | 'port-config';
  readonly status: CheckStatus;
  readonly message: string;
  /** Advice; `''` where nothing is to be done. */
  readonly suggestion: string;
  /** Repair that is a commit of the workflow; `null`: there is none. */
  readonly fix: ServiceFixType | null;
}

/** Findings about a service node of a workflow, as far as what is watched tells. */
export interface ServiceDiagnosis {
  /** The worst of the checks. */
  readonly overall: 'healthy' | 'warning' | 'error';
  readonly service: string;
  readonly namespace: string;
  /** Checks in the order in which they are to be read; without its object, the first alone. */
  readonly checks: readonly ServiceCheck[];
}

/** A repair of a service node. */
export interface ServiceFix {
  readonly type: ServiceFixType;
  readonly name: string;
  readonly description: string;
  /** The Service as it will be, as YAML. */
  readonly yaml: string;
}

/** Diagnosis of services. Reads cost no request; a repair is a commit, which is then applied like any push. */
export interface DiagnosticsOperations {
  /** Throws UNKNOWN_STACK, UNKNOWN_NODE, BAD_OPTIONS for a node that is no service, TARGET_UNREACHABLE. */
  diagnoseService(stack: string, node: string, signal: AbortSignal): Promise<ServiceDiagnosis>;
  /** Throws as `diagnoseService`; BAD_OPTIONS also for a repair that there is not, with the reason. */
  getServiceFix(stack: string, node: string, type: string): ServiceFix;
  /**
   * Commits a repair. Throws as `getServiceFix`; BAD_OPTIONS also for a text that says something else than the repair; WRITE_CONFLICT.
   *
   * @param yaml the repair as it was shown; spaces and comments do not matter
   */
  fixService(
    request: { readonly stack: string; readonly node: string; readonly type: string; readonly yaml: string },
    actor: Actor,
    signal: AbortSignal,
  ): Promise<{ readonly commit: string; readonly fix: ServiceFix }>;
}
