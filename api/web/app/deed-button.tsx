import type { ComponentChildren } from 'preact';
import type { Deed } from './use-deed.ts';

interface DeedButtonProps {
  readonly of: Deed;
  readonly children: ComponentChildren;
  readonly class?: string | undefined;
  /** True while there is something that has to be known or agreed to first. Default false. */
  readonly disabled?: boolean;
  /** Name for those who do not see what stands around it. */
  readonly label?: string;
  readonly title?: string;
}

/** A button that does something by itself, once at a time. It keeps the focus while it is busy. */
export function DeedButton({
  of: { isBusy, run },
  children,
  disabled = false,
  label,
  ...rest
}: DeedButtonProps) {
  return (
    <button
      {...rest}
      type="button"
      disabled={disabled}
      aria-disabled={isBusy}
      aria-label={label}
      onClick={() => void run()}
    >
      {children}
    </button>
  );
}
