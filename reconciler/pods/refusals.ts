import { ReconcilerError } from '../base/errors.ts';

/** The client's pod spec cannot be run. */
export function invalidPodSpec(reason: string): ReconcilerError {
  return new ReconcilerError('INVALID_POD_SPEC', `invalid pod spec: ${reason}`);
}

/** The rest of what the client asked for makes no sense. */
export function invalidInput(reason: string): ReconcilerError {
  return new ReconcilerError('INVALID_INPUT', `invalid input: ${reason}`);
}

/** There is no room: a quota with its reason, or no node that would take it. */
export function saturated(reason?: string): ReconcilerError {
  const message = reason === undefined ? 'cluster saturated' : `cluster saturated: ${reason}`;
  return new ReconcilerError('CLUSTER_SATURATED', message, { retryable: true });
}

export function noNodePort(): ReconcilerError {
  return new ReconcilerError('NO_NODE_PORT', 'no available nodeport', { retryable: true });
}

export function unknownInstance(): ReconcilerError {
  return new ReconcilerError('UNKNOWN_INSTANCE', 'stack not found');
}
