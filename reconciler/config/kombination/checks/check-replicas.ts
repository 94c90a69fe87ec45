import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { Kombination, ServiceModel } from '../kombination.ts';
import { whyStopFirst } from '../replicas.ts';

/** Reports what several containers of one service cannot share, and what keeps a new one from running beside the old one. */
export function checkReplicas({ services }: Kombination, diagnostics: DiagnosticCollector): void {
  for (const service of services) {
    if ((service.replicas ?? 1) > 1) checkShared(service, diagnostics);
    const reason = service.update?.order === 'start-first' ? whyStopFirst(service) : undefined;
    if (reason === undefined) continue;
    const path = [...service.path, 'deploy', 'update_config', 'order'];
    diagnostics.warning('UNSUPPORTED_KEY', path, `start-first has no effect on ${service.name}: ${reason}`, {
      hint: 'the old container is stopped first',
    });
  }
}

function checkShared(service: ServiceModel, diagnostics: DiagnosticCollector): void {
  const { name, replicas = 1, containerName, ports = [], networks = [], options, path } = service;
  if (containerName !== undefined) {
    diagnostics.error(
      'INVALID_VALUE',
      [...path, 'container_name'],
      `${replicas} containers of ${name} cannot all be called ${containerName}`,
      { hint: 'leave container_name out', at: 'key' },
    );
  }
  for (const { port, lastHostPort, path: place } of ports) {
    const { hostPort, containerPort } = port;
    if (hostPort === undefined) continue;
    const available = (lastHostPort ?? hostPort) - hostPort + 1;
    if (available >= replicas) continue;
    const range = `${hostPort}-${hostPort + replicas - 1}:${containerPort}`;
    const message = `${replicas} containers of ${name} cannot publish ${available === 1 ? `port ${hostPort}` : `${available} ports`}`;
    diagnostics.error('DUPLICATE_PORT', place, message, {
      hint: `give them a range, "${range}", or leave the host port out`,
    });
  }
  for (const { address, path: place } of networks) {
    if (Object.keys(address ?? {}).length === 0) continue;
    diagnostics.error('INVALID_VALUE', place, `${replicas} containers of ${name} cannot have one address`, {
      hint: 'leave the address out; the name of the service leads to all of them',
    });
  }
  if (options.macAddress !== undefined) {
    const message = `${replicas} containers of ${name} cannot have one MAC address`;
    diagnostics.error('INVALID_VALUE', [...path, 'mac_address'], message, { hint: 'leave mac_address out' });
  }
}
