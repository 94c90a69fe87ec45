import { isProblem } from '../../../base/problem.ts';
import type { Fields } from '../../../base/values.ts';
import { asList, asText, defined } from '../../../base/values.ts';
import { parsePort } from '../../../model/docker/ports.ts';
import { imageOf } from './describe.ts';
import type { DraftNode, GraphBuilder } from './graph-builder.ts';
import { portOfKeeper } from './image-kinds.ts';
import type { ReadService } from './read-services.ts';
import type { Remarks } from './remarks.ts';

/** Ports that one service node may have. */
const MAX_PORTS = 100;
/** Ports of nodes that a cluster gives away unless told otherwise. */
const FIRST_NODE_PORT = 30_000;
const LAST_NODE_PORT = 32_767;

interface ServicePort {
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly nodePort?: number;
}

/**
 * The service node of a service: it is called like it, so that others reach it as before. It has the ports of the container, because that is
 * what others use, and those of the machine.
 */
export function addServiceNode(
  graph: GraphBuilder,
  service: ReadService,
  {
    workload,
    remarks,
    isNeeded,
  }: { readonly workload: DraftNode; readonly remarks: Remarks; readonly isNeeded: boolean },
): void {
  const { name, fields } = service;
  const ports = portsOf(service, remarks);
  if (workload.type === 'job') {
    if (ports.length > 0)
      remarks.warn(`services.${name}.ports`, 'are left out: a job does its work and is not asked');
    return;
  }
  if (ports.length === 0) {
    if (isNeeded)
      remarks.warn(
        `services.${name}`,
        'others need it, and it names no port: add expose, or a service node, for them to reach it',
      );
    if (workload.type === 'statefulset') workload.data['serviceName'] = workload.name;
    return;
  }
  const isPublished = (fields.ports ?? []).some(({ port }) => !isLoopback(port.hostIp));
  const node = graph.add('service', name, {
    serviceType: isPublished ? 'NodePort' : 'ClusterIP',
    ...buildPorts(ports, isPublished),
  });
  if (node.name !== name)
    remarks.warn(`services.${name}`, `is reached as ${node.name}: a cluster takes no such name as ${name}`);
  if (workload.type === 'statefulset') workload.data['serviceName'] = node.name;
  graph.connect(node, workload);
}

function buildPorts(ports: readonly ServicePort[], isPublished: boolean): Fields {
  const [first] = ports;
  if (ports.length === 1 && first?.protocol === 'tcp' && (first.nodePort === undefined || !isPublished))
    return { port: first.port, targetPort: first.targetPort };
  return {
    ports: ports.map(({ protocol, nodePort, ...port }) =>
      defined({
        name: `${protocol}-${port.port}`,
        ...port,
        nodePort: isPublished ? nodePort : undefined,
        protocol: protocol.toUpperCase(),
      }),
    ),
  };
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address.startsWith('127.') || address === '::1' || address === '[::1]');
}

/** Ports that others reach it at, each once: those of the machine first. */
function portsOf(service: ReadService, remarks: Remarks): readonly ServicePort[] {
  const place = `services.${service.name}.ports`;
  const ports = new Map<string, ServicePort>();
  for (const port of listPorts(service, remarks)) {
    const key = `${port.protocol}/${port.port}`;
    const known = ports.get(key);
    if (known === undefined && ports.size >= MAX_PORTS) {
      remarks.warn(place, `only ${MAX_PORTS} are taken over: a service may have no more`);
      break;
    }
    if (known === undefined) ports.set(key, port);
    else if (known.targetPort !== port.targetPort)
      remarks.warn(place, `${port.port} leads to ${known.targetPort}, and cannot lead to ${port.targetPort}`);
  }
  const usual = ports.size === 0 ? portOfKeeper(imageOf(service.plain)) : undefined;
  if (usual === undefined) return [...ports.values()];
  remarks.warn(`services.${service.name}`, `is given the port ${usual}, which its image usually listens on`);
  return [{ port: usual, targetPort: usual, protocol: 'tcp' }];
}

function* listPorts({ name, fields, plain }: ReadService, remarks: Remarks): Generator<ServicePort> {
  const place = `services.${name}.ports`;
  for (const { port, lastHostPort } of fields.ports ?? []) {
    const { hostPort, hostIp, containerPort: targetPort, protocol } = port;
    if (hostIp !== undefined) remarks.warn(place, `the address ${hostIp} is left out: nodes have their own`);
    if (lastHostPort !== undefined) remarks.warn(place, `of a range, ${hostPort} alone is taken over`);
    if (hostPort === undefined || isLoopback(hostIp)) continue;
    const isOfNodes = hostPort >= FIRST_NODE_PORT && hostPort <= LAST_NODE_PORT;
    yield { port: hostPort, targetPort, protocol, ...(isOfNodes ? { nodePort: hostPort } : {}) };
  }
  for (const { port } of fields.ports ?? [])
    yield { port: port.containerPort, targetPort: port.containerPort, protocol: port.protocol };
  for (const item of asList(plain['expose']) ?? []) {
    const parsed = parsePort(asText(item));
    if (isProblem(parsed)) {
      remarks.warn(`services.${name}.expose`, parsed.problem);
      continue;
    }
    for (const { containerPort, protocol } of parsed)
      yield { port: containerPort, targetPort: containerPort, protocol };
  }
}
