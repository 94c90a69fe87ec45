import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface PageHeadProps {
  readonly title: string;
  /** Way back: address and words. */
  readonly up?: readonly [href: string, text: string];
  /** Sign after the title. */
  readonly badge?: ComponentChildren;
  /** Buttons. */
  readonly children?: ComponentChildren;
}

/** Head of a screen. Names the window as well. */
export function PageHead({ title, up, badge, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · Kombinator`;
  }, [title]);
  return (
    <header class="page-head">
      <div class="page-title">
        {up !== undefined && (
          <a class="up" href={up[0]}>
            {up[1]}
          </a>
        )}
        <h1 tabIndex={-1}>{title}</h1>
        {badge}
      </div>
      {children !== undefined && <div class="page-actions">{children}</div>}
    </header>
  );
}
