import { isSensitiveName, MASK } from '../../../model/secret.ts';

/** Words of a program as they may be shown: `--password=…` and what follows `--password` read `***`. */
export function maskArguments({
  command,
  args,
}: {
  readonly command: readonly string[];
  readonly args: readonly string[];
}): { readonly command?: readonly string[]; readonly args?: readonly string[] } {
  const masked = maskWords([...command, ...args]);
  return {
    ...(command.length === 0 ? {} : { command: masked.slice(0, command.length) }),
    ...(args.length === 0 ? {} : { args: masked.slice(command.length) }),
  };
}

/** Scripts name variables by what they give them: `PASSWORD=x`. */
const ASSIGNMENT = /([\w.-]+)(=)("[^"]*"|'[^']*'|[^\s"';&|]+)/g;
/** `postgres://shop:x@db` */
const LOGIN = /(\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g;
const OPTION = /^--?([\w.-]+)$/;

/** Options are written with hyphens, variables are not. */
function isSensitive(name: string): boolean {
  return isSensitiveName(name.replaceAll('-', '_'));
}

function maskWords(words: readonly string[]): readonly string[] {
  return words.map((word, index) => {
    const option = OPTION.exec(words[index - 1] ?? '')?.[1];
    if (option !== undefined && isSensitive(option) && !word.startsWith('-')) return MASK;
    const assigned = word.replace(ASSIGNMENT, (whole: string, name: string, sign: string) =>
      isSensitive(name) ? `${name}${sign}${MASK}` : whole,
    );
    return assigned.replace(LOGIN, `$1${MASK}`);
  });
}
