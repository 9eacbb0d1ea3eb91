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
  const vfio = vfioGroups ? `${vfioGroups} device groups set aside for virtual machines (vfio)` : '';
  const listed = host.gpus;
  const ways = new Set(listed.map(({ id }) => gpuWay(id, facts.isolation)));
  const seen = ways.has('passthrough') ? vfioGroups : nvidiaDevices;
  const cards = new Set(listed.map(({ id }) => (isPart(id) ? 'a card in parts' : id))).size;
  if (seen < cards) return [missing(host.name, cards, seen)];
  if (!nvidiaDevices) return [fine(host.name, vfio ? `no GPU of its own, ${vfio}` : 'no GPU')];
  const devices = nvidiaDevices === 1 ? '1 NVIDIA GPU' : `${nvidiaDevices} NVIDIA GPUs`;
  if (ways.has('nvidia')) return [byDriver(host.name, devices, survey.runtimes)];
  const known = survey.cdiDevices.filter((id) => id.startsWith('nvidia.com/gpu='));
  if (known.length) {
    const words = [devices, `known by name as ${known.join(', ')}`, vfio].filter(Boolean);
    return [fine(host.name, words.join(', '))];
  }
  return [nameless(host.name, devices, survey.cdiFolders)];
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

function nameless(name: string, devices: string, folders: readonly string[] | undefined): Finding {
  return folders
    ? warning(
        name,
        `${devices}, and no name for them in ${folders.join(' or ')}`,
        'Install nvidia-container-toolkit, then: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
      )
    : warning(
        name,
        `${devices}, and an engine that knows no devices by name (CDI)`,
        'Install Docker Engine 25 or newer with the feature cdi, and nvidia-container-toolkit.',
      );
}
