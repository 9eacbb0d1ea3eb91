import * as z from 'zod';
import { Failure } from '../failure.ts';
import type { Isolation } from './isolation.ts';

/** One GPU that a host hands out. */
export interface GpuDevice {
  /** What the engine calls it: `GPU-…`, `MIG-…`, an index such as 0, or a CDI name such as nvidia.com/gpu=0. */
  readonly id: string;
  /** What specs call it. */
  readonly sku: string;
  /** What people call it; '' where nothing was said. */
  readonly model: string;
}

/** One GPU as its driver shows it. null: the driver gives no number (`[N/A]`, `[Not Supported]`, an older driver). */
export interface Gpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly driver: string | null;
  readonly utilizationPercent: number | null;
  readonly memoryUsedMib: number | null;
  readonly memoryTotalMib: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
  readonly powerLimitWatts: number | null;
  /** Errors of its memory that could not be corrected, since the driver was loaded. */
  readonly eccErrors: number | null;
  /** Whether the card is divided. */
  readonly mig: boolean | null;
  readonly processes: readonly GpuProcess[];
}

/** A program that computes on a GPU. Its number is that of the driver's own machine. */
export interface GpuProcess {
  readonly pid: number;
  readonly program: string;
  readonly memoryMib: number | null;
}

/**
 * How a GPU gets into a container: by NVIDIA's own driver of the engine, by the Container Device Interface, or handed as a
 * whole to the group's virtual machine, whose guest gives it to the container.
 */
export type GpuWay = 'nvidia' | 'cdi' | 'passthrough';

/** By uuid, by the uuid of a part of a card, or by index. All of them at once (`all`) is no device. */
const OF_NVIDIA = /^(\d{1,3}|(GPU|MIG)-[0-9A-Za-z-]{8,64})$/;
/** https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md: vendor/class=name */
const OF_CDI = /^[a-zA-Z][\w.-]*\/([a-zA-Z][\w.-]*)=(?!all$)[a-zA-Z0-9][\w.:-]*$/;
/** What CDI calls a card that is bound to VFIO, to be handed to a virtual machine. */
const CLASS_OF_MACHINES = 'pgpu';

/** Settings of a location or of one of its hosts: the GPUs that it hands out. */
export const gpusSchema = z.array(
  z.strictObject({
    id: z
      .union([z.string(), z.int().min(0)])
      .transform(String)
      .pipe(
        z.string().refine((id) => OF_NVIDIA.test(id) || OF_CDI.test(id), {
          message:
            'expected one GPU: a uuid such as GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01 (nvidia-smi -L), an index such as 0, or a CDI name such as nvidia.com/gpu=0',
        }),
      )
      .meta({
        description:
          'What the engine calls it: a uuid (`nvidia-smi -L`), an index, or a CDI name; in virtual machines a CDI name such as `nvidia.com/pgpu=0`.',
      }),
    sku: z
      .string()
      .regex(/^[\w. -]{1,40}$/, 'expected a model as specs name it, such as V100')
      .meta({
        description: 'The model as specs ask for it, such as `V100`; `prices.gpuPerHour` names it, too.',
      }),
    model: z
      .string()
      .max(80)
      .default('')
      .meta({ description: 'What people call it, until its driver says it.' }),
  }),
);

/** The way a device is given to groups of that isolation; undefined when there is none. Pure. */
export function gpuWay(id: string, isolation: Isolation): GpuWay | undefined {
  const [, cdiClass] = OF_CDI.exec(id) ?? [];
  // The hook of NVIDIA's driver puts the host's libraries into the container: in a virtual machine they find no card.
  if (cdiClass === undefined) return isolation === 'hypervisor' ? undefined : 'nvidia';
  return isolation === 'hypervisor' || cdiClass === CLASS_OF_MACHINES ? 'passthrough' : 'cdi';
}

/**
 * The GPUs of a host, held against how its groups are isolated; `setting` is where the settings speak of it. Throws a Failure `gpus-invalid` for a device that is there
 * twice, or that no group there could be given.
 */
export function gpusOfHost(
  setting: string,
  { gpus, isolation }: { readonly gpus: readonly GpuDevice[]; readonly isolation: Isolation },
): readonly GpuDevice[] {
  const invalid = (what: string, advice: string) =>
    new Failure('gpus-invalid', `${setting}.gpus: ${what}.`, { advice });
  const ids = gpus.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) throw invalid(`${twice} is there twice`, 'List each device once.');
  const lost = ids.find((id) => gpuWay(id, isolation) === undefined);
  if (lost !== undefined) {
    throw invalid(
      `${lost} cannot be handed to a virtual machine`,
      'Bind the card to vfio-pci, and list it by its CDI name, such as nvidia.com/pgpu=0.',
    );
  }
  const kinds = new Set(ids.map((id) => (OF_CDI.test(id) ? 'CDI name' : /^\d/.test(id) ? 'index' : 'uuid')));
  // One card under two names would be given to two groups.
  if (kinds.size > 1)
    throw invalid(`devices are named by ${[...kinds].join(' and ')}`, 'Name all of them in the same way.');
  return gpus;
}
