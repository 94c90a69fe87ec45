import type { HealthWord } from './api-types.ts';

/* Shapes of the REST API about what runs, as far as the page reads them. */

/** A container or a pod. */
export interface PlaceView {
  readonly kind: 'container' | 'pod';
  readonly id: string;
  readonly name: string;
  /** Word of the inventory: `running`, `warning`. */
  readonly status: string;
  readonly message: string | null;
  readonly started_at: string | null;
  readonly restarts: number | null;
  readonly image: string | null;
  readonly ports: readonly string[];
}

export interface ResourceView {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly node: string;
  readonly status: HealthWord;
  readonly message: string | null;
  /** Left out: nothing is to be done with it. */
  readonly change?: 'create' | 'update' | 'replace' | 'delete';
  readonly places: readonly PlaceView[];
}

export interface ServiceTreeView {
  readonly name: string;
  readonly node: string;
  readonly status: HealthWord;
  readonly message: string | null;
  readonly addresses: readonly string[];
  readonly resources: readonly ResourceView[];
}

export interface StackTreeView {
  readonly services: readonly ServiceTreeView[];
  /** Resources of no single service. */
  readonly others: readonly ResourceView[];
  readonly silent: readonly { readonly node: string; readonly message: string }[];
}

export interface AddressView {
  readonly service: string | null;
  readonly node: string;
  readonly kind: 'route' | 'port';
  readonly address: string;
}

export interface LogLineView {
  readonly service: string;
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly msg: string;
}

export interface LogList {
  readonly logs: readonly LogLineView[];
  /** Services that could not be read, and why. */
  readonly failures: Readonly<Record<string, string>>;
}
