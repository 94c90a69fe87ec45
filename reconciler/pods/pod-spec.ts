import type { JsonObject } from '../base/json.ts';
import { checkPod } from './check-pod.ts';
import type { InstanceDesign, PortProtocol, TargetPort } from './instance.ts';
import { parsePodYaml } from './parse-pod-yaml.ts';
import { POD } from './pod-types.ts';
import { invalidInput, invalidPodSpec } from './refusals.ts';
import { sanitizePod } from './sanitize-pod.ts';
import { formatGoYaml } from './go-yaml.ts';
import { readTyped } from './typed.ts';

/** A port as the client wrote it. */
export interface GivenPort {
  readonly containerPort: number;
  readonly protocol: string;
}

const MAX_TARGET_PORTS = 24;

/**
 * Checks what a client asks for in the order of the reference; the first fault is told.
 * Throws INVALID_POD_SPEC or INVALID_INPUT, with the words of the answer.
 */
export function designInstance(podSpec: string, targetPorts: readonly GivenPort[]): InstanceDesign {
  if (podSpec.trim() === '') throw invalidPodSpec('pod_spec is required');
  const ports = checkTargetPorts(targetPorts);
  const given = readTyped(POD, parsePodYaml(podSpec), '');
  checkPod(given, ports);
  const { pod, cpuMilli, memoryBytes } = sanitizePod(given);
  return { pod, podSpec: formatPod(pod), ports, cpuMilli, memoryBytes };
}

/** A Pod as it is answered: sorted, with the empty status that Kubernetes' own types write. */
function formatPod(pod: JsonObject): string {
  return formatGoYaml({ ...pod, status: {} });
}

function checkTargetPorts(given: readonly GivenPort[]): readonly TargetPort[] {
  if (given.length === 0) throw invalidInput('target_port is required');
  if (given.length > MAX_TARGET_PORTS)
    throw invalidInput(`target_port has more than ${MAX_TARGET_PORTS} entries`);
  const seen = new Set<string>();
  return given.map(({ containerPort, protocol }) => {
    if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65_535)
      throw invalidInput('target_port container_port must be between 1 and 65535');
    const name = protocol.trim().toUpperCase();
    if (!isProtocol(name)) throw invalidInput('target_port protocol must be TCP or UDP');
    const key = `${containerPort}/${name}`;
    if (seen.has(key)) throw invalidInput(`target_port has ${key} twice`);
    seen.add(key);
    return { containerPort, protocol: name };
  });
}

function isProtocol(name: string): name is PortProtocol {
  return name === 'TCP' || name === 'UDP';
}
