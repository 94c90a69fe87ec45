import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import type { ITheme } from '@xterm/xterm';
import { Terminal } from '@xterm/xterm';
import type { Size } from './open-shell.ts';
import { keepStylesStrict } from './strict-styles.ts';

export interface TerminalView {
  readonly size: Size;
  write(bytes: Uint8Array | string): void;
  focus(): void;
  /** Takes the colours that the page has now. */
  paint(): void;
  dispose(): void;
}

export interface TerminalEvents {
  onInput(text: string): void;
  onResize(size: Size): void;
  /** Called for the key that leaves the terminal, which takes all others. */
  onLeave(): void;
}

/** Puts a terminal into an element, whose size it takes. */
export function openTerminal(
  place: HTMLElement,
  { onInput, onResize, onLeave }: TerminalEvents,
): TerminalView {
  const release = keepStylesStrict();
  const terminal = new Terminal({
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily: getComputedStyle(place).fontFamily,
    fontSize: 14,
    minimumContrastRatio: 4.5,
    scrollback: 10_000,
    theme: readTheme(place),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  fit.fit();
  terminal.onData(onInput);
  terminal.onResize(({ cols: columns, rows }) => onResize({ columns, rows }));
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key === 'F6') {
      if (event.type === 'keydown') onLeave();
      return false;
    }
    const isCopy = event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'c';
    if (!isCopy || !terminal.hasSelection()) return true;
    if (event.type === 'keydown') void navigator.clipboard.writeText(terminal.getSelection());
    event.preventDefault();
    return false;
  });
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(place);
  return {
    get size() {
      return { columns: terminal.cols, rows: terminal.rows };
    },
    write: (bytes) => terminal.write(bytes),
    focus: () => terminal.focus(),
    paint: () => (terminal.options.theme = readTheme(place)),
    dispose() {
      observer.disconnect();
      terminal.dispose();
      release();
    },
  };
}

/** Colours of the page, as they are now, in the words of xterm.js. */
function readTheme(place: HTMLElement): ITheme {
  const probe = document.createElement('span');
  place.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const theme = {
    background: read('sunken'),
    foreground: read('ink'),
    cursor: read('accent'),
    cursorAccent: read('sunken'),
    selectionBackground: read('accent'),
    selectionForeground: read('accent-ink'),
    black: read('ink'),
    red: read('bad'),
    green: read('good'),
    yellow: read('warn'),
    blue: read('accent'),
    magenta: read('bad'),
    cyan: read('accent'),
    white: read('muted'),
    brightBlack: read('muted'),
    brightRed: read('bad'),
    brightGreen: read('good'),
    brightYellow: read('warn'),
    brightBlue: read('accent'),
    brightMagenta: read('bad'),
    brightCyan: read('accent'),
    brightWhite: read('ink'),
  };
  probe.remove();
  return theme;
}
