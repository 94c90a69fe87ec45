import { COMPOSE, LABEL } from '../labels.ts';

/** More names than this make an address that is longer than the list of everything. */
const MAX_NAMES_PER_FILTER = 100;

/** Selects the objects of one stack, or of every stack. */
export function ownedFilter(stack: string | null): object {
  return { label: [stack === null ? LABEL.stack : `${LABEL.stack}=${stack}`] };
}

/** Selects the objects of one Compose project, or of every one. */
export function projectFilter(project: string | null): object {
  return { label: [project === null ? `${COMPOSE}.project` : `${COMPOSE}.project=${project}`] };
}

/** Engines compare with patterns, or with parts of names. */
export function namedFilter(names: readonly string[]): object {
  if (names.length > MAX_NAMES_PER_FILTER) return {};
  return { name: names.map((name) => `^/?${name.replaceAll('.', '\\.')}$`) };
}
