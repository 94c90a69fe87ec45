import { shorten } from '../../../base/diagnostic.ts';
import type { ComposeFault } from '../../../model/imports/compose-analysis.ts';

/** Remarks beyond this number are counted only. */
const MAX_REMARKS = 2_000;

/** Collects what people have to know of an import, each thing once. */
export interface Remarks {
  /** @param place `services.web.cap_add` */
  warn(place: string, message: string): void;
  fault(fault: ComposeFault): void;
  warnings(): readonly string[];
  faults(): readonly ComposeFault[];
}

export function createRemarks(): Remarks {
  const warnings = new Set<string>();
  const faults = new Map<string, ComposeFault>();
  let left = 0;
  return {
    warn(place, message) {
      const text = shorten(`${place}: ${message}`);
      if (warnings.size < MAX_REMARKS) warnings.add(text);
      else left += 1;
    },
    fault(fault) {
      const cut = { ...fault, message: shorten(fault.message) };
      if (faults.size < MAX_REMARKS) faults.set(JSON.stringify(cut), cut);
      else left += 1;
    },
    warnings: () => (left === 0 ? [...warnings] : [...warnings, `and ${left} more remarks, not listed`]),
    faults: () => [...faults.values()],
  };
}
