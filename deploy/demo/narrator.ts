import process from 'node:process';
import { isatty } from 'node:tty';
import { createStyle, wantsColor, type Style } from '../../api/cli/terminal/terminal.ts';

/** Tells the person at the terminal what is going on. */
export interface Narrator {
  readonly style: Style;
  /** A numbered heading. */
  chapter(title: string): void;
  /** One line below it. */
  tell(line: string): void;
  /** A block of output as it is, indented. */
  quote(text: string): void;
  /** A command as it would be typed. */
  command(line: string): void;
}

export function createNarrator(
  write: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Narrator {
  const style = createStyle(wantsColor(process.env, isatty(process.stdout.fd), true));
  let number = 0;
  return {
    style,
    chapter(title) {
      number += 1;
      write(`\n${style.accent(`${number}.`)} ${style.bold(title)}`);
    },
    tell: (line) => write(`   ${line}`),
    quote: (text) => {
      for (const line of text.trimEnd().split('\n')) write(`   ${style.dim('│')} ${line}`);
    },
    command: (line) => write(`   ${style.dim('$')} ${style.bold(line)}`),
  };
}
