import { useLocation, useRoute } from 'preact-iso';
import { useEffect, useRef, useState } from 'preact/hooks';
import { RotateCw } from 'lucide';
import { toApiError } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { theme } from '../../app/theme.ts';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import type { Shell, ShellPlace } from './open-shell.ts';
import { openShell } from './open-shell.ts';
import { openTerminal } from './terminal-view.ts';
import './terminal.css';

interface Standing {
  readonly state: 'opening' | 'open' | 'over';
  readonly message: string | null;
}

const OPENING: Standing = { state: 'opening', message: null };

/** A shell in a container of a service, in a tab of its own. */
export function TerminalScreen() {
  const { params } = useRoute();
  const { query } = useLocation();
  const stack = decodeURIComponent(params['name'] ?? '');
  const service = decodeURIComponent(params['service'] ?? '');
  const { pod, container } = query;
  const where = {
    stack,
    service,
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined ? {} : { container }),
  };
  const [turn, setTurn] = useState(0);
  const [standing, setStanding] = useState<Standing>(OPENING);
  const again = useRef<HTMLButtonElement>(null);
  const place = useTerminal(where, turn, setStanding, () => again.current?.focus());
  return (
    <div class="terminal-page">
      <PageHead title={`${service} · ${stack}`} up={[stackAddress(stack), stack]}>
        <p class="terminal-state" role="status">
          {tell(standing)}
        </p>
        <button ref={again} type="button" onClick={() => setTurn(turn + 1)}>
          <Icon of={RotateCw} size={16} /> {standing.state === 'over' ? 'Open a new shell' : 'Start over'}
        </button>
      </PageHead>
      <div ref={place} class="terminal-place own-keys" />
      <p class="muted small terminal-hint">
        The shell ends when this tab is closed. It takes every key; <kbd>F6</kbd> leaves it, <kbd>Ctrl</kbd>
        <kbd>Shift</kbd>
        <kbd>C</kbd> copies what is selected.
      </p>
    </div>
  );
}

function tell({ state, message }: Standing): string {
  if (state === 'opening') return 'Opening …';
  return message ?? 'Open';
}

/** Keeps a terminal and a shell together as long as they are wanted. */
function useTerminal(
  where: ShellPlace,
  turn: number,
  onStanding: (standing: Standing) => void,
  onLeave: () => void,
) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef({ where, onStanding, onLeave });
  latest.current = { where, onStanding, onLeave };
  const { stack, service } = where;
  useEffect(() => {
    if (place.current === null) return undefined;
    let shell: Shell | null = null;
    let isWanted = true;
    const tellStanding = (standing: Standing): void => {
      if (isWanted) latest.current.onStanding(standing);
    };
    const view = openTerminal(place.current, {
      onInput: (text) => shell?.write(text),
      onResize: (size) => shell?.resize(size),
      onLeave: () => latest.current.onLeave(),
    });
    const end = (message: string): void => {
      shell = null;
      tellStanding({ state: 'over', message });
    };
    tellStanding(OPENING);
    openShell(latest.current.where, view.size, {
      onOpen() {
        tellStanding({ state: 'open', message: null });
        view.focus();
      },
      onOutput: (bytes) => view.write(bytes),
      onEnd: (code, message) => end(message ?? (code === 0 ? 'Ended' : `Ended with code ${code}`)),
    }).then(
      (opened) => {
        if (!isWanted) return opened.close();
        shell = opened;
      },
      (error: unknown) => end(toApiError(error).message),
    );
    const stopPainting = watchColours(() => view.paint());
    return () => {
      isWanted = false;
      stopPainting();
      shell?.close();
      view.dispose();
    };
  }, [stack, service, turn]);
  return place;
}

function watchColours(paint: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', paint);
  const stop = theme.subscribe(() => queueMicrotask(paint));
  return () => {
    system.removeEventListener('change', paint);
    stop();
  };
}
