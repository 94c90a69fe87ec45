/**
 * The `.gitignore` that keeps data out of the repository.
 *
 * @param written its text so far; empty: there is none
 * @param paths of data, from the directory that the file is in
 * @returns `null` when nothing is missing in it
 */
export function ignoreData(written: string, paths: readonly string[]): string | null {
  const lines = new Set(written.split(/\r?\n/).map((line) => line.trim()));
  const missing = paths
    .map((path) => `/${path.replace(/[\\*?[\]#! ]/g, '\\$&')}`)
    .filter((line) => !lines.has(line) && !lines.has(`${line}/`));
  if (missing.length === 0) return null;
  const head = written === '' || written.endsWith('\n') ? written : `${written}\n`;
  return [`${head}# What containers write stays on its host.`, ...missing, ''].join('\n');
}
