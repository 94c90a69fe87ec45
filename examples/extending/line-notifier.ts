import type { Notification, Notifier } from '../../reconciler/index.ts';

/** One line for each notification, to wherever `write` leads. */
export function createLineNotifier(write: (line: string) => Promise<void>): Notifier {
  return {
    name: 'lines',
    notify: (notification) => write(describe(notification)),
  };
}

function describe(notification: Notification): string {
  const { stack, subject, message } = notification;
  const why = message ?? 'no reason given';
  switch (notification.type) {
    case 'synced':
      return `${stack} is deployed: ${notification.tag}`;
    case 'recovered':
      return `${stack || subject} is well again`;
    case 'drift':
      return `${stack} differs: ${notification.resources.join(', ')}`;
    case 'blocked':
    case 'frozen':
      return `${stack} waits: ${why}`;
    default:
      return `${stack || subject} needs a look: ${why}`;
  }
}
