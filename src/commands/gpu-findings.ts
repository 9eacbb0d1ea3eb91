import { type EngineFacts, gpuWay, type Survey } from '../engines/index.ts';
import { type Finding, fine, warning } from './finding.ts';
import type { Host } from './ground.ts';

interface GpusSeen {
  readonly host: Pick<Host, 'name' | 'gpus'>;
  readonly facts: Pick<EngineFacts, 'isolation'>;
  readonly survey: Survey;
}

/** The GPUs of a host: those that it has, those that its settings hand out, and whether its engine can give one to a group. Pure. */
export function gpuFindings({ host, facts, survey }: GpusSeen): Finding[] {
  const { machine } = survey;
  if (typeof machine === 'string') return [];
  const { nvidiaDevices, vfioGroups } = machine;
  const listed = host.gpus.map(({ id }) => ({ id, way: gpuWay(id, facts.isolation) }));
  const ways = new Set(listed.map(({ way }) => way));
  const seen = ways.has('passthrough') ? vfioGroups : nvidiaDevices;
  const cards = new Set(listed.map(({ id }) => (isPart(id) ? 'a card in parts' : id))).size;
  if (seen < cards) return [missing(host.name, cards, seen)];
  const named = listed.filter(({ way }) => way === 'cdi' || way === 'passthrough').map(({ id }) => id);
  const unknown = named.filter((id) => survey.cdiDevices?.includes(id) === false);
  if (unknown.length) return [unknownNames(host.name, unknown, survey.cdiDevices ?? [])];
  const vfio = vfioGroups
    ? `${vfioGroups} device ${vfioGroups === 1 ? 'group' : 'groups'} set aside for virtual machines (vfio)`
    : '';
  if (!nvidiaDevices) return [fine(host.name, vfio ? `no GPU of its own, ${vfio}` : 'no GPU')];
  const devices = nvidiaDevices === 1 ? '1 NVIDIA GPU' : `${nvidiaDevices} NVIDIA GPUs`;
  if (ways.has('nvidia')) return [byDriver(host.name, devices, survey.runtimes)];
  const names = namesOf(survey);
  if (names === undefined) return [nameless(host.name, devices, survey.cdiFolders)];
  return [fine(host.name, [devices, names, vfio].filter(Boolean).join(', '))];
}

/** By which names the engine hands out its cards; undefined when it has none for them. */
function namesOf({ cdiDevices, cdiFolders }: Survey): string | undefined {
  if (!cdiFolders.length) return undefined;
  if (!cdiDevices) return `by the names in ${cdiFolders.join(' or ')}, which this engine does not list`;
  const known = cdiDevices.filter((id) => id.startsWith('nvidia.com/gpu='));
  return known.length ? `known by name as ${known.join(', ')}` : undefined;
}

/** `MIG-…` and `nvidia.com/gpu=0:1` are parts of a card: how many cards they are of, they do not say. */
function isPart(id: string): boolean {
  return id.startsWith('MIG-') || /=[^:]+:/.test(id);
}

function missing(name: string, listed: number, seen: number): Finding {
  return warning(
    name,
    `its settings hand out ${listed} ${listed === 1 ? 'GPU' : 'GPUs'}, and its machine shows ${seen}`,
    'Load the driver on the host (nvidia-smi -L lists what it sees), or mend gpus in the settings: a group that gets a missing one does not start.',
  );
}

/** The toolkit puts a runtime of that name into the engine's list; whether its driver is there the engine does not say. */
function byDriver(name: string, devices: string, runtimes: readonly string[]): Finding {
  return runtimes.includes('nvidia')
    ? fine(name, `${devices}, handed out by the engine’s driver nvidia`)
    : warning(
        name,
        `${devices}, and no runtime nvidia in its engine: the NVIDIA Container Toolkit may be missing`,
        'Install nvidia-container-toolkit, then: nvidia-ctk runtime configure --runtime=docker',
      );
}

function unknownNames(name: string, ids: readonly string[], known: readonly string[]): Finding {
  const others = known.filter((id) => !id.endsWith('=all')).join(', ') || 'no device by name';
  return warning(
    name,
    `its settings hand out ${ids.join(', ')}, and its engine knows ${others}`,
    'Run nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml on the host, or mend gpus in the settings: a group that gets a missing one does not start.',
  );
}

function nameless(name: string, devices: string, folders: readonly string[]): Finding {
  return folders.length
    ? warning(
        name,
        `${devices}, and no name for them in ${folders.join(' or ')}`,
        'Install nvidia-container-toolkit, then: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
      )
    : warning(
        name,
        `${devices}, and an engine that knows no devices by name (CDI)`,
        'Install Docker Engine 28.2 or newer, or set features.cdi in the daemon.json of 25 to 28.1, and nvidia-container-toolkit.',
      );
}
