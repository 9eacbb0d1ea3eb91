import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { type Group, wordsOf } from '../../spec/index.ts';
import type { Pod } from '../index.ts';
import { sandboxPath, volumeName } from './containers.ts';
import { removeContainer } from './gone.ts';
import { LABEL, podId, podLabels } from './labels.ts';

type DnsConfig = NonNullable<Group['dnsConfig']>;

/** A dot cannot stand in a volume's own name. */
const VOLUME = 'dns.resolver';
const FILE = 'resolv.conf';

/** The group's own resolv.conf(5). Pure. */
export function resolvConf({ nameServers, searchDomains, options }: DnsConfig): string {
  const [search, more] = [wordsOf(searchDomains), wordsOf(options)];
  return [
    ...nameServers.map((server) => `nameserver ${server}`),
    ...(search.length ? [`search ${search.join(' ')}`] : []),
    ...(more.length ? [`options ${more.join(' ')}`] : []),
    '',
  ].join('\n');
}

/**
 * Writes the group's resolv.conf into a volume of its own, and gives its path on the host: members take over what is mounted
 * into the sandbox under that name. For groups that the engine's own resolver cannot be reached from. Safe to repeat.
 */
export async function deliverResolver(
  docker: Docker,
  owner: string,
  pod: Pod,
  { image, dnsConfig }: { readonly image: string; readonly dnsConfig: DnsConfig },
): Promise<string> {
  const volume = volumeName(owner, pod, VOLUME);
  await docker.createVolume({
    Name: volume,
    Driver: 'local', // on the host's disk: memory would be given back with the container that writes
    Labels: { ...podLabels(owner, pod, 'volume'), [LABEL.fingerprint]: pod.fingerprint },
  });
  const id = podId(owner, pod.key, pod.podRevision);
  const name = `${id}.resolver`;
  await removeContainer(docker, name); // of a delivery that was cut short
  // The engine writes into a volume through a container alone; this one never runs.
  const container = await docker.createContainer({
    name,
    Image: image,
    Labels: { [LABEL.pod]: id, [LABEL.look]: owner },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: sandboxPath(VOLUME) }],
    },
  });
  try {
    const archive = pack();
    archive.entry({ name: FILE, mode: 0o444 }, resolvConf(dnsConfig));
    archive.finalize();
    await container.putArchive(Readable.from(archive), { path: sandboxPath(VOLUME) });
  } finally {
    await removeContainer(docker, name);
  }
  const { Mountpoint } = await docker.getVolume(volume).inspect();
  return `${Mountpoint}/${FILE}`;
}
