import type { JobDetail, ServiceStatus, StackView } from '../../../reconciler/index.ts';
import type { StackLogLine } from '../../operations/stack-logs.ts';
import { showLine } from '../../../reconciler/index.ts';
import { formatTable, toPlainText } from '../../text/table.ts';

const UP: readonly ServiceStatus['health'][] = ['healthy', 'starting', 'unhealthy'];
const DOING = { start: 'Starting', stop: 'Stopping', restart: 'Restarting' } as const;

/**
 * Tells of a stack what the clients of Kompose know: its address under both of its names, and one word.
 *
 * @param extended adds members of ours, which a client that makes objects of the others cannot take
 */
export function toStackItem(stack: StackView, extended: boolean) {
  const running = stack.services.filter(({ health }) => UP.includes(health)).length;
  const total = stack.services.length;
  const address = `/api/stacks/${stack.name}`;
  return {
    name: stack.name,
    description: descriptionOf(stack.document),
    path: address,
    url: address,
    status: statusOf(stack, running),
    ...(extended && { state: stack.state, running, total }),
  };
}

function statusOf({ state, services }: StackView, running: number): 'running' | 'partial' | 'stopped' {
  if (state === 'stopped' || running === 0) return 'stopped';
  return running < services.length ? 'partial' : 'running';
}

export function toService({ name, node, image, health, ports, reason }: ServiceStatus) {
  return { name, node, image, status: health, ports, message: reason };
}

/** One line about the stack, then a table of its services. */
export function formatStatus({ name, state, message, services }: StackView): string {
  const head = showLine(`Stack ${name}: ${state}${message === null ? '' : ` (${message})`}`);
  const rows = services.map((service) => [
    service.name,
    service.node,
    service.image,
    service.health,
    service.ports.join(', '),
    (service.reason ?? '').split('\n', 1)[0] ?? '',
  ]);
  const table = formatTable(['SERVICE', 'NODE', 'IMAGE', 'STATUS', 'PORTS', 'MESSAGE'], rows);
  return toPlainText(`${head}\n${table}\n`);
}

/** Tells what was done to which container, in order. */
export function formatControl(action: keyof typeof DOING, { job, steps, logs }: JobDetail): string {
  const head = `${DOING[action]} stack ${job.stack}`;
  const rows = steps.map(({ name, status, message }) => [
    name.split('/').slice(2).join('/'),
    name.split('/')[1] ?? '',
    status,
    message ?? '',
  ]);
  const body =
    rows.length > 0
      ? formatTable(['NAME', 'KIND', 'STATUS', 'MESSAGE'], rows)
      : logs.map(({ message }) => message).join('\n');
  return toPlainText(`${head}\n${body}\n`);
}

/** `web  | text`, as Compose prints it. */
export function formatLogs(lines: readonly StackLogLine[]): string {
  const width = Math.max(0, ...lines.map(({ service }) => service.length));
  return toPlainText(lines.map(({ service, text }) => `${service.padEnd(width)}  | ${text}\n`).join(''));
}

function descriptionOf(document: unknown): string {
  const meta = typeof document === 'object' && document !== null && 'meta' in document ? document.meta : null;
  const text =
    typeof meta === 'object' && meta !== null && 'description' in meta ? meta.description : undefined;
  return typeof text === 'string' && text.trim() !== '' ? toPlainText(text.trim()) : 'Custom stack';
}
