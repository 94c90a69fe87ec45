/** Address below the server's of the repository that the page is about: `/sources/team-a`; empty for the daemon's own. */
export const HOME = readHome(typeof location === 'undefined' ? '/' : location.pathname);

/** Address that all screens of the page begin with. */
export const UI = `${HOME}/ui`;

function readHome(path: string): string {
  return /^\/sources\/[a-z0-9-]+(?=\/)/.exec(path)?.[0] ?? '';
}
