import type { ComponentChildren } from 'preact';
import type { IconNode } from 'lucide';
import type { Words } from '../../client/words.ts';
import { Icon } from '../../parts/icon.tsx';
import { Badge } from '../../parts/state.tsx';

interface PlaceCardProps {
  readonly title: string;
  readonly status: Words & { readonly icon: IconNode };
  /** Reason why it does not answer. */
  readonly message: string | null;
  /** Words or buttons at the end of its head. */
  readonly aside: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A machine or a cluster: its name, how it is, and why. */
export function PlaceCard({ title, status: { icon, ...words }, message, aside, children }: PlaceCardProps) {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <div class="node-name">
          <h2>{title}</h2>
          <Badge words={words} icon={icon} />
        </div>
        {aside}
      </div>
      <div class="card-body node-body">
        {message !== null && (
          <div class={`notice tone-${words.tone}`}>
            <Icon of={icon} />
            <p>{message}</p>
          </div>
        )}
        {children}
      </div>
    </section>
  );
}
