import { groupSize, sizeBytes, type Volume } from '../../spec/index.ts';
import type { Pod } from '../index.ts';
import { volumeName } from './containers.ts';
import { LABEL, podId, podLabels } from './labels.ts';
import { type ShareSettings, shareOf, shareOptions, shareSource, sharesFolder } from './shares.ts';

// Pure: what the engine is asked to make for each volume of a group.

/** What volumes take besides the group: the engine's own folder on the host, and what the location says of file shares. */
export interface VolumePlaces {
  readonly engineFolder: string;
  readonly shares: ShareSettings;
}

/** Secrets live in memory alone, scratch on the host's disk, and what another machine keeps is mounted from there. */
export function volumeOptions(owner: string, pod: Pod, name: string, places: VolumePlaces) {
  const volume = pod.group.volumes.find((each) => each.name === name);
  const isHelped = volume?.azureFile !== undefined && places.shares.mountedBy === 'helper';
  return {
    Name: volumeName(owner, pod, name),
    Driver: 'local',
    DriverOpts: volume ? driverOptions(owner, pod, volume, places) : IN_MEMORY,
    // Tells whose volumes they are when the containers are gone: a pod that is made anew takes them over.
    Labels: {
      ...podLabels(owner, pod, 'volume'),
      [LABEL.fingerprint]: pod.fingerprint,
      ...(isHelped ? { [LABEL.share]: name } : {}),
    },
  };
}

/** Of secrets, and of what else is delivered into memory. */
const IN_MEMORY: Readonly<Record<string, string>> = {
  type: 'tmpfs',
  device: 'tmpfs',
  o: 'size=4m,mode=0755',
};

function driverOptions(
  owner: string,
  pod: Pod,
  volume: Volume,
  { engineFolder, shares }: VolumePlaces,
): Readonly<Record<string, string>> {
  const { secret, emptyDir, nfs } = volume;
  if (secret) return IN_MEMORY;
  if (emptyDir?.medium === 'Memory') {
    const bytes = emptyDir.sizeLimit ? sizeBytes(emptyDir.sizeLimit) : groupSize(pod.group).memoryBytes; // it counts as their memory anyway
    return { type: 'tmpfs', device: 'tmpfs', o: `size=${bytes},mode=0777` };
  }
  if (emptyDir?.sizeLimit !== undefined) return { size: String(sizeBytes(emptyDir.sizeLimit)) };
  if (nfs) {
    const options = [`addr=${nfs.server}`, nfs.options ?? 'nfsvers=4', nfs.readOnly ? 'ro' : 'rw'];
    return { type: 'nfs', device: `:${nfs.path}`, o: options.join(',') };
  }
  const share = shareOf(volume, shares.servers);
  if (!share) return {};
  if (shares.mountedBy === 'helper') {
    const device = `${sharesFolder(engineFolder)}/${podId(owner, pod.key, pod.podRevision)}/${volume.name}`;
    return { type: 'none', device, o: 'bind' };
  }
  const options = shareOptions(share, share.server, volume.azureFile?.storageAccountKey?.reveal() ?? '');
  return { type: 'cifs', device: shareSource(share), o: `${options}${share.readOnly ? ',ro' : ''}` };
}
