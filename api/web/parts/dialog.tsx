import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { X } from 'lucide';
import { Icon } from './icon.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Takes the width that its content needs. Default false. */
  readonly wide?: boolean;
  /** True while it cannot be closed, because what was asked for is under way. Default false. */
  readonly isBusy?: boolean;
  /** True where a click beside it does not close it, because what it shows does not come back. Default false. */
  readonly isKept?: boolean;
}

/** A question, or a form, before everything else. Escape and a click beside it close it; the focus goes back to where it was. */
export function Dialog({ title, onClose, children, wide, isBusy = false, isKept = false }: DialogProps) {
  const own = useRef<HTMLDialogElement>(null);
  /** True where the pointer went down beside the box, and up again: a selection that is drawn out of it, or into it, is no click. */
  const isBeside = useRef(false);
  const heading = useId();
  useLayoutEffect(() => {
    const dialog = own.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      giveBack(before);
    };
  }, []);
  const close = (): void => {
    if (!isBusy) own.current?.close();
  };
  return (
    <dialog
      ref={own}
      class={wide === true ? 'wide' : undefined}
      aria-labelledby={heading}
      aria-busy={isBusy}
      onCancel={(event) => {
        if (event.target === own.current && isBusy) event.preventDefault();
      }}
      onClose={() => {
        // One that is gone already has nothing to close: another one may stand in its place.
        if (own.current === null) return;
        // Browsers close it whatever is said when somebody asks twice.
        if (isBusy) own.current.showModal();
        else onClose();
      }}
      onPointerDown={(event) => {
        isBeside.current = event.target === own.current;
      }}
      onPointerUp={(event) => {
        if (event.target !== own.current) isBeside.current = false;
      }}
      onClick={(event) => {
        if (event.target === own.current && isBeside.current && !isKept) close();
      }}
    >
      <div class="dialog-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" disabled={isBusy} onClick={close}>
            <Icon of={X} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Gives the focus back; where what had it is gone, the heading of the screen takes it. */
function giveBack(to: Element | null): void {
  const isThere = to instanceof HTMLElement && to.isConnected && to !== document.body;
  const next = isThere ? to : document.querySelector<HTMLElement>('main h1');
  next?.focus({ preventScroll: true });
}
