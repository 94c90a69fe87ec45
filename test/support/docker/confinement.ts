import type { CreatedBody } from '../memory/memory-instance-engine.ts';

const TOP =
  'Image Entrypoint Cmd Env WorkingDir Hostname OpenStdin StdinOnce Tty Labels ExposedPorts HostConfig'.split(
    ' ',
  );
const HOST =
  'NetworkMode PortBindings Mounts Memory MemorySwap NanoCpus PidsLimit Privileged PublishAllPorts SecurityOpt IpcMode RestartPolicy LogConfig'.split(
    ' ',
  );
const LABELS =
  /^(?:app\.kubernetes\.io\/(?:name|instance)|smctf\.io\/stack-id|io\.kombinator\.instance(?:\..*)?)$/;

/** Lists what of a container would reach out of it: everything that is not known to be harmless. */
export function findReach(body: CreatedBody): readonly string[] {
  const host = body.HostConfig;
  const ports = Object.values(host.PortBindings ?? {}).flat();
  const rules: readonly (readonly [string, boolean])[] = [
    ...Object.keys(body).map((key) => [key, TOP.includes(key)] as const),
    ...Object.keys(host).map((key) => [`HostConfig.${key}`, HOST.includes(key)] as const),
    ...Object.keys(body.Labels).map((key) => [`label ${key}`, LABELS.test(key)] as const),
    ['Privileged', host['Privileged'] === false],
    ['SecurityOpt', JSON.stringify(host['SecurityOpt']) === '["no-new-privileges"]'],
    ['IpcMode', host['IpcMode'] === 'private'],
    ['PublishAllPorts', host['PublishAllPorts'] === false],
    ['RestartPolicy', JSON.stringify(host['RestartPolicy']).includes('"no"')],
    ['NetworkMode', /^(?:kombinator-stacks-0|container:[0-9a-f]{64})$/.test(host.NetworkMode)],
    [
      'Mounts',
      (host.Mounts ?? []).every(
        ({ Type, Source }) => Type === 'volume' && /^stack-[0-9a-f]{16}-[a-z0-9-]+$/.test(Source),
      ),
    ],
    ['PortBindings', ports.every(({ HostPort }) => Number(HostPort) >= 31_001 && Number(HostPort) <= 32_767)],
    ['Image', !/[?#\s]|\.\./.test(body.Image)],
    ['Memory', Number(host['Memory'] ?? 1) > 0 && host['Memory'] === host['MemorySwap']],
    ['PidsLimit', Number(host['PidsLimit']) > 0],
  ];
  return rules.filter(([, isHarmless]) => !isHarmless).map(([what]) => what);
}
