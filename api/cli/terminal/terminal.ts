import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import type { ByteTerminal } from './byte-terminal.ts';
import { createByteTerminal } from './byte-terminal.ts';
import { markCodes, showPainted } from '../../text/paint.ts';

/** Place where a command reads and writes; tests pass a recording one. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  /** The same streams for programs that somebody talks to. */
  readonly bytes: ByteTerminal;
  /** Writes text to stdout. Here as in all others, what a terminal would obey is written out, but for our own codes (`markCodes`). */
  write(text: string): void;
  /** One line to stdout. */
  out(line: string): void;
  /** One line to stderr. */
  err(line: string): void;
  /** Content of files to stdout; exactly as it is unless somebody looks at it. */
  content(text: string): void;
  /** stdout is a terminal: colours, redrawing and aligned tables make sense. */
  readonly isTerminal: boolean;
  /** Somebody can be asked: stdin and stdout are terminals. */
  readonly canAsk: boolean;
  /** Width of the terminal in characters; 80 when there is none. */
  columns(): number;
  /** Asks one question; resolves to the answer without white space around it, `''` at the end of input. */
  ask(question: string, signal: AbortSignal): Promise<string>;
}

/** The process's own streams. */
export function createProcessTerminal(process: NodeJS.Process): Terminal {
  const { stdin, stdout, stderr, env } = process;
  return {
    env,
    bytes: createByteTerminal(process),
    write: (text) => void stdout.write(showPainted(text)),
    out: (line) => void stdout.write(`${showPainted(line)}\n`),
    err: (line) => void stderr.write(`${showPainted(line)}\n`),
    content: (text) => void stdout.write(isatty(stdout.fd) ? showPainted(text) : text),
    isTerminal: isatty(stdout.fd) && env['TERM'] !== 'dumb',
    canAsk: isatty(stdin.fd) && isatty(stdout.fd),
    columns: () => stdout.columns || 80,
    async ask(question, signal) {
      const reader = createInterface({ input: stdin, output: stdout });
      const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
      // readline takes Ctrl-C for itself while it reads; hand it on to the process.
      reader.on('SIGINT', () => process.emit('SIGINT'));
      try {
        return (await Promise.race([reader.question(showPainted(question), { signal }), closed])).trim();
      } finally {
        reader.close();
      }
    },
  };
}

type Paint = (text: string) => string;

/** Colours by meaning; every function gives the text back unchanged when colours are off. */
export interface Style {
  readonly color: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly accent: Paint;
}

export function createStyle(color: boolean): Style {
  const paint = (format: Parameters<typeof styleText>[0]): Paint => {
    const [open = '', close = ''] = styleText(format, '|', { validateStream: false }).split('|');
    // Only what is around the text is ours.
    return (text) => (color ? `${markCodes(open)}${text}${markCodes(close)}` : text);
  };
  return {
    color,
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    accent: paint('cyan'),
  };
}

/**
 * Tells whether to colour: `--no-color` and NO_COLOR (set and not empty) say no, FORCE_COLOR (not `0`) says yes, otherwise what stdout is
 * decides.
 */
export function wantsColor(env: NodeJS.ProcessEnv, isTerminal: boolean, option: boolean): boolean {
  if (!option || env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return isTerminal;
}
