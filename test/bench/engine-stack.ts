import { stringify } from 'yaml';

export const IMAGE = 'kombinator-bench/busybox:1';
export const SERVICES = 50;

/** The same services in Compose's words, which are also a kombination's. */
function buildServices(): Record<string, object> {
  const services: Record<string, object> = {};
  for (let index = 1; index <= SERVICES; index++) {
    const isWeb = index % 2 === 0;
    services[`${isWeb ? 'web' : 'job'}-${String(index).padStart(2, '0')}`] = {
      image: IMAGE,
      command: isWeb ? ['httpd', '-f', '-p', '8080', '-h', '/www'] : ['sleep', '86400'],
      init: true,
      restart: 'unless-stopped',
      environment: { INDEX: String(index), ROLE: isWeb ? 'web' : 'job' },
      labels: { 'bench.index': String(index) },
    };
  }
  return services;
}

/** `compose.yaml` */
export function renderComposeFile(project: string): string {
  return stringify({ name: project, services: buildServices() });
}

/** The services on the engine that the daemon finds by itself. */
export function renderKombination(name: string): string {
  return stringify({ version: '1.0', meta: { name }, services: buildServices() });
}

/** A stack that runs nothing: a repository must describe something before the daemon follows it. */
export function renderIdleKombination(name: string): string {
  const services = { idle: { image: IMAGE, enabled: false } };
  return stringify({ version: '1.0', meta: { name }, services });
}
