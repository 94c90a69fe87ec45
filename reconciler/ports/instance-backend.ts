import type { Instance, InstancePort } from '../pods/instance.ts';
import type { JsonObject } from '../base/json.ts';

/** An instance that is to be placed: it has ports, and no node yet. */
export type UnplacedInstance = Pick<Instance, 'id' | 'podId' | 'namespace' | 'serviceName' | 'pod' | 'ports'>;

export interface Placement {
  readonly nodeId: string;
  readonly nodePublicIp: string | null;
}

/** State of what is there of one instance. */
export interface ObservedInstance {
  /** Phase as Kubernetes calls it: `pending` until all of it was started. */
  readonly phase: 'pending' | 'running' | 'succeeded' | 'failed';
  /** Reason for the log. */
  readonly reason: string | null;
  /** A part of it is not there: it is on its way in, or somebody took something away. */
  readonly incomplete?: true;
}

/** A line that a container of an instance wrote. */
export interface InstanceLogLine {
  /** Name of the container in the pod. */
  readonly container: string;
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly text: string;
}

/** Told what happens to instances. */
export interface InstanceSink {
  /** Everything that is there, as asked for at `since` (milliseconds of our clock) or later. */
  replaced(all: ReadonlyMap<string, ObservedInstance>, since: number): void;
  /** One of them; `null`: nothing is left of it. */
  changed(id: string, observed: ObservedInstance | null): void;
  /** The nodes that there are. */
  nodes(names: ReadonlySet<string>): void;
}

/**
 * Place where instances run. Only what carries this installation's mark is ever touched or told of. Every method throws `ReconcilerError`;
 * TARGET_UNREACHABLE (retryable) when nobody answers.
 */
export interface InstanceBackend extends AsyncDisposable {
  /** Throws INVALID_POD_SPEC for what cannot be honoured here: nothing is left out in silence. */
  check(pod: JsonObject): void;
  /** Tells whether a port of the node is free, as far as can be told without trying. */
  isFree(port: InstancePort['nodePort'], protocol: InstancePort['protocol']): Promise<boolean>;
  /**
   * Finds the instance a node. Throws CLUSTER_SATURATED when there is none until the signal aborts, INVALID_POD_SPEC and CLUSTER_SATURATED for
   * limits of the place itself, PORT_TAKEN. What it may have made is the caller's to remove.
   */
  place(instance: UnplacedInstance, signal: AbortSignal): Promise<Placement>;
  /** Makes sure that all of a placed instance was made and started. Repeating it after a crash at any point is harmless. */
  ensure(instance: Instance, signal: AbortSignal): Promise<void>;
  /** Removes everything of an instance, without a grace period. What is gone is no error. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** Tells whether all that an instance cannot do without is there, asked now. */
  exists(id: string, signal: AbortSignal): Promise<boolean>;
  /** The last lines of each container that has run, oldest first; those of other containers are none. */
  logs(id: string, tail: number, signal: AbortSignal): Promise<readonly InstanceLogLine[]>;
  /** Tells the sink what is there, then every change, and everything again when changes may have been missed, until the signal aborts. */
  watch(sink: InstanceSink, signal: AbortSignal): Promise<void>;
}
