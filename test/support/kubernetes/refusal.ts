import type { Members } from './field-set.ts';
import type { ServedKind } from './kinds.ts';

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** An answer that is no success. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly Cause[];

  constructor(status: number, reason: string, message: string, causes: readonly Cause[] = []) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.causes = causes;
  }

  toStatus(): Members {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: { causes: this.causes.map((cause) => ({ ...cause })) },
      code: this.status,
    };
  }
}

export function invalid(kind: ServedKind, name: string, ...causes: readonly Cause[]): Refusal {
  const type = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const list = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  const text = causes.length === 1 ? list : `[${list}]`;
  return new Refusal(422, 'Invalid', `${type} "${name}" is invalid: ${text}`, causes);
}
