import type { ServiceModel, StackModel, WorldModel } from './model.ts';
import { IMAGES } from './model.ts';

/** The files of the whole repository, by path. Same model, same bytes. */
export function describeWorld(model: WorldModel): Record<string, string> {
  const files = Object.entries(model.stacks).flatMap(([name, stack]) =>
    Object.entries(describeStack(name, stack)),
  );
  return Object.fromEntries(files);
}

function describeStack(name: string, stack: StackModel): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [service, { content }] of Object.entries(stack.services))
    files[`${stack.directory}/${service}.conf`] = textOf(content);
  files[`${stack.directory}/kombination.yaml`] =
    stack.breakage?.kind === 'yaml'
      ? '{ "version": "1.0",\n  [not yaml'
      : JSON.stringify(documentOf(name, stack), null, 1);
  return files;
}

/** Text of the mounted file of a service. */
export function textOf(content: number): string {
  return `content ${content}\n`;
}

function documentOf(name: string, stack: StackModel): object {
  const services = Object.entries(stack.services);
  const named = (of: 'volume' | 'network') =>
    Object.fromEntries(services.flatMap(([, service]) => (service[of] === null ? [] : [[service[of], {}]])));
  return {
    version: '1.0',
    meta: { name },
    // Most services have no probe: the default would have every round wait for ten seconds more.
    policy: { stable: '1s' },
    ...(stack.needs.length > 0 ? { dependsOn: stack.needs } : {}),
    ...(stack.breakage?.kind === 'schema' ? { servces: {} } : {}),
    volumes: named('volume'),
    networks: named('network'),
    services: Object.fromEntries(services.map(([service]) => [service, serviceOf(stack, service)])),
  };
}

function serviceOf(stack: StackModel, name: string): object {
  const service = stack.services[name]!;
  return {
    image: IMAGES[service.image],
    ...(service.containerName === null ? {} : { container_name: service.containerName }),
    pull_policy: 'never',
    init: true,
    stop_grace_period: '1s',
    command: ['sleep', '1000000'],
    environment: { REV: String(service.revision) },
    files: [{ source: `${name}.conf`, target: '/etc/chaos.conf' }],
    ...(service.volume === null ? {} : { volumes: [`${service.volume}:/data`] }),
    ...(service.network === null ? {} : { networks: ['default', service.network] }),
    ...(service.isProbed ? { healthcheck: { test: ['CMD', 'true'], interval: '1s', retries: 30 } } : {}),
    ...dependsOn(stack, service),
    ...breakageOf(stack, name),
  };
}

function dependsOn(stack: StackModel, { dependsOn: other }: ServiceModel): object {
  const needed = other === null ? undefined : stack.services[other];
  if (other === null || needed === undefined) return {};
  const condition = needed.isProbed ? 'service_healthy' : 'service_started';
  return { depends_on: { [other]: { condition } } };
}

/** A service that never becomes well has a revision of its own, by which its container is known. */
function breakageOf({ breakage }: StackModel, name: string): object {
  if (breakage === null || !('service' in breakage) || breakage.service !== name) return {};
  const environment = { REV: String(breakage.revision) };
  if (breakage.kind === 'image') return { environment, image: 'kombinator-chaos/none:404' };
  return { environment, healthcheck: { test: ['CMD', 'false'], interval: '1s', retries: 1 } };
}
