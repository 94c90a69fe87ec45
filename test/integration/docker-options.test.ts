import { describe, expect, it } from 'vitest';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { useDockerTarget } from '../support/docker/use-target.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-options:1';
const host = workerEngine();
const path = host.replace('unix://', '');

interface Inspect {
  readonly Id: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
  readonly Mounts: readonly unknown[];
}

describe('the words of Compose on a Docker Engine', () => {
  const target = useDockerTarget(host, IMAGE);

  const inspect = (name: string) => engineJson<Inspect>(path, 'GET', `/containers/${name}/json`);

  it('arrive at the container, and read back as they are', async () => {
    const { stack, make, service, apply, observe } = freshStack(target, IMAGE);
    const network = make.network('front', {
      attachable: true,
      driverOpts: { 'com.docker.network.bridge.enable_icc': 'true' },
      ipam: { config: [{ subnet: '10.213.7.0/24', gateway: '10.213.7.1' }] },
    });
    await apply('create', network);
    await apply('create', make.volume('data'));
    const front = `${stack}_front`;
    const web = service('web', {
      capAdd: ['NET_ADMIN'],
      capDrop: ['MKNOD'],
      devices: [{ source: '/dev/null', target: '/dev/nothing', permissions: 'rw' }],
      dns: ['10.0.0.53'],
      dnsOpt: ['use-vc'],
      dnsSearch: ['example.org'],
      domainname: 'example.org',
      hostname: 'box',
      expose: ['3000/tcp'],
      extraHosts: ['db:10.0.0.5', 'six:fd00::1'],
      groupAdd: ['5'],
      ipc: 'shareable',
      logging: { driver: 'json-file', options: { 'max-size': '1m' } },
      oomScoreAdj: 5,
      securityOpt: ['no-new-privileges=true'],
      shmSize: 2 ** 20,
      stdinOpen: true,
      sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' },
      tty: true,
      ulimits: { nofile: { soft: 100, hard: 200 } },
      platform: `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`,
      resources: { memoryBytes: 64 * 2 ** 20, cpuset: '0' },
      mounts: [
        { type: 'volume', source: `${stack}_data`, target: '/data', nocopy: true },
        { type: 'anonymous', target: '/scratch' },
        { type: 'tmpfs', target: '/fast', sizeBytes: 65_536, options: ['uid=1000'] },
      ],
      networks: { [front]: { aliases: ['www'], ipv4Address: '10.213.7.77' } },
      endpoints: { [front]: { macAddress: '02:42:0a:d5:07:4d', links: ['elsewhere:other'] } },
    });
    await apply('create', web);
    const { Config, HostConfig, NetworkSettings, Mounts } = await inspect(`${stack}-web-1`);
    expect(Config).toMatchObject({ Domainname: 'example.org', OpenStdin: true, Tty: true });
    expect(Config['ExposedPorts']).toEqual({ '3000/tcp': {} });
    expect(HostConfig).toMatchObject({
      CapDrop: ['MKNOD'],
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'rw' }],
      Dns: ['10.0.0.53'],
      DnsOptions: ['use-vc'],
      DnsSearch: ['example.org'],
      ExtraHosts: ['db:10.0.0.5', 'six:fd00::1'],
      GroupAdd: ['5'],
      IpcMode: 'shareable',
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      OomScoreAdj: 5,
      SecurityOpt: ['no-new-privileges=true'],
      ShmSize: 2 ** 20,
      Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' },
      Tmpfs: { '/fast': 'uid=1000,size=65536' },
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    });
    expect(JSON.stringify(HostConfig['CapAdd'])).toContain('NET_ADMIN');
    expect(NetworkSettings.Networks[front]).toMatchObject({
      IPAMConfig: { IPv4Address: '10.213.7.77' },
      IPAddress: '10.213.7.77',
      MacAddress: '02:42:0a:d5:07:4d',
      Links: ['elsewhere:other'],
    });
    expect(Mounts).toHaveLength(2);
    const { action, fields, cause } = diffResource(web, await observe(web));
    expect({ action, fields, cause }).toEqual({ action: 'no-op', fields: [], cause: 'as described' });
  });

  it('share the network of another container, and notice when it is another one', async () => {
    const { stack, service, apply, observe } = freshStack(target, IMAGE);
    const vpn = service('vpn', { networkMode: 'none' });
    const web = service('web', { networkMode: `container:${stack}-vpn-1` });
    await expect(apply('create', web)).rejects.toMatchObject({ code: 'TARGET_ERROR', retryable: true });
    await apply('create', vpn);
    await apply('create', web);
    const { Id } = await inspect(`${stack}-vpn-1`);
    expect((await inspect(`${stack}-web-1`)).HostConfig['NetworkMode']).toBe(`container:${Id}`);
    expect(diffResource(web, await observe(web)).action).toBe('no-op');

    await apply('delete', vpn);
    await apply('create', vpn);

    const { action, fields } = diffResource(web, await observe(web));
    expect(action).toBe('replace');
    expect(fields).toMatchObject([{ path: 'networkMode', before: `container:${Id.slice(0, 12)}` }]);
  });
});
