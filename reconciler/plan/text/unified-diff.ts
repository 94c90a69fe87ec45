import { compareContents } from './compare-contents.ts';

/** Lines of one file that are told; more are counted. */
const MAX_LINES = 2_000;

/** The two contents of a file; `null`: there is none, `undefined`: it is told to nobody, or too large. */
export interface FileSides {
  readonly before: Uint8Array | null | undefined;
  readonly after: Uint8Array | null | undefined;
}

/** Difference of a file in the form of `diff -u`, with what looks like a secret masked; one line says so where it is not shown. */
export function unifiedDiff(
  path: string,
  { before, after }: FileSides,
  maskSecrets: (text: string) => string = (text) => text,
): string {
  const { lines, omitted = 0, binary } = compareContents(before, after, maskSecrets, MAX_LINES);
  const head = [
    before === null ? '--- /dev/null' : `--- a/${path}`,
    after === null ? '+++ /dev/null' : `+++ b/${path}`,
  ];
  const more = omitted === 0 ? [] : [`# and ${omitted} more lines`];
  const body = lines ?? [binary === true ? '# not shown: it is no text' : '# not shown'];
  return `${[...head, ...body, ...more].join('\n')}\n`;
}
