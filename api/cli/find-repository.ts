import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Returns the repository that a directory is in, as Git finds it: the closest directory above that has a `.git`, or that is a bare
 * repository. The directory itself comes back as it was written, also when it is in none.
 */
export function findRepository(directory: string): string {
  const here = resolve(directory);
  for (let place = here; ; place = dirname(place)) {
    if (isRepository(place)) return place === here ? directory : place;
    if (dirname(place) === place) return directory;
  }
}

/** Tells whether a directory is a repository, or the top of its work tree. */
export function isRepository(place: string): boolean {
  const has = (name: string): boolean => existsSync(join(place, name));
  return has('.git') || (has('HEAD') && has('objects') && has('refs'));
}
