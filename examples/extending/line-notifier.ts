import type { Notification, Notifier } from '../../reconciler/index.ts';

/** One line for each notification, to wherever `write` leads. */
export function createLineNotifier(write: (line: string) => Promise<void>): Notifier {
  return {
    name: 'lines',
    notify: (notification) => write(describe(notification)),
  };
}

function describe(notification: Notification): string {
  const { stack, message } = notification;
  switch (notification.type) {
    case 'synced':
      return `${stack} is deployed: ${notification.tag}`;
    case 'failed':
      return `${stack} needs a look: ${message ?? 'no reason given'}`;
    case 'recovered':
      return `${stack} is well again`;
    case 'drift':
      return `${stack} differs: ${notification.resources.join(', ')}`;
    case 'blocked':
      return `${stack} waits for a yes: ${message ?? 'no reason given'}`;
    default:
      return notification satisfies never;
  }
}
