import type { ContainerCreateOptions } from 'dockerode';
import { Failure } from '../../failure.ts';
import type { Pod, Receipt, Tee } from '../index.ts';
import { environmentOf, MEMBER_LOG, portsOf, programOf, sandboxLabels } from './container-parts.ts';
import { LABEL, podId } from './labels.ts';
import { limitsText, resourcesOf } from './limits.ts';

// Pure: a group on a Windows engine, which joins no containers in one machine. Its only container is its sandbox as well.

/** Ends the name of a container that is not started again: labels cannot be changed, names can, in one step. */
export const ENDED = '.ended';

/**
 * The container that is the whole group. Hyper-V is asked for by name: Windows Server would share its own kernel. Nothing else
 * that a Linux engine is asked for is to be had; the engine refuses each of them.
 */
export function wholeOptions(owner: string, pod: Pod): ContainerCreateOptions & { name: string } {
  const [container] = pod.group.containers;
  if (!container) throw new Error(`${pod.key} has no container`);
  const { NanoCpus, Memory } = resourcesOf(pod, container);
  const network = podId(owner, pod.key, pod.podRevision);
  // An address of the host's is refused: ports are published at all of them.
  const { ExposedPorts, PortBindings } = portsOf(pod.published, () => ({}));
  return {
    name: `${network}.${container.name}`,
    Image: pod.images[container.image] ?? container.image,
    ...programOf(container),
    Env: environmentOf(container),
    ExposedPorts,
    Labels: {
      ...sandboxLabels(owner, pod, 'whole'),
      [LABEL.podFingerprint]: pod.fingerprint,
      [LABEL.container]: container.name,
      [LABEL.fingerprint]: pod.memberFingerprints[container.name] ?? '',
      [LABEL.limits]: limitsText({ NanoCpus, Memory }),
    },
    HostConfig: {
      Isolation: HYPERV,
      NetworkMode: network,
      RestartPolicy: { Name: 'no' }, // restarts are the bot's, with ACI's states and back-off
      PortBindings,
      NanoCpus,
      Memory,
      LogConfig: MEMBER_LOG,
    },
  };
}

const HYPERV = 'hyperv';

/** What an engine tells of its Windows. */
export interface WindowsHost {
  /** Such as 20348 for Windows Server 2022; undefined where it tells none. */
  readonly build: number | undefined;
}

/** From the engine's description of itself; undefined for an engine of Linux containers. */
export function windowsIn(info: {
  readonly OSType?: string;
  readonly OSVersion?: string;
  readonly KernelVersion?: string;
}): WindowsHost | undefined {
  if (info.OSType !== 'windows') return undefined;
  return { build: buildIn(info.OSVersion ?? '') ?? buildIn(info.KernelVersion ?? '') };
}

/** `10.0.20348.2700`, `10.0 20348 (20348.1.amd64fre.fe_release)` */
function buildIn(text: string): number | undefined {
  const [, build] = /^10\.0[. ](\d+)/.exec(text) ?? [];
  return build === undefined ? undefined : Number(build);
}

/** What groups of the host get, before there is one to look at. */
export function windowsIsolation({ build }: WindowsHost, tee: Tee | undefined): Receipt {
  if (tee) return { level: 'none', saw: 'Windows keeps the memory of no group from its host' };
  return { level: 'hypervisor', saw: `Hyper-V on ${windowsText(build)}, asked for with each group` };
}

/** What the inspection of a container shows. Nothing of the bot's own runs inside, so the engine's word is all there is. */
export function windowsReceipt(isolation: string | undefined, { build }: WindowsHost): Receipt {
  if (isolation !== HYPERV)
    return { level: 'none', saw: `its engine says isolation ${isolation || 'default'}, not ${HYPERV}` };
  return {
    level: 'hypervisor',
    saw: `Hyper-V on ${windowsText(build)}, as its engine says; nothing was looked at from inside`,
  };
}

function windowsText(build: number | undefined): string {
  return build === undefined ? 'Windows' : `Windows build ${build}`;
}

/** The host as it was described. Throws where none can wait: there a sandbox is a container of its group. */
export function unlessWindows<Host extends { readonly windows?: WindowsHost | undefined }>(host: Host): Host {
  if (!host.windows) return host;
  throw new Failure(
    'standby-impossible',
    'On Windows a sandbox is the container of its group, so none can wait.',
    {
      advice: 'Take `standby` out of the settings of the location.',
    },
  );
}

/** Windows Server 2019; ACI runs nothing older any more. */
const OLDEST_BUILD = 17763;

/** Why an image does not run on this host, as the image itself says; undefined when it does, or says nothing. */
export function unfitImage(
  image: string,
  { os, osVersion }: { readonly os: string; readonly osVersion: string },
  host: WindowsHost,
): Failure | undefined {
  if (os && os !== 'windows') return otherSystem(image, os);
  const build = buildIn(osVersion);
  if (build === undefined) return undefined;
  if (build < OLDEST_BUILD)
    return unfit(
      image,
      `is built on Windows ${osVersion}, which is older than any that is run (build ${OLDEST_BUILD})`,
    );
  if (host.build !== undefined && build > host.build)
    return unfit(
      image,
      `is built on Windows ${osVersion}, which is newer than its host (build ${host.build})`,
    );
  return undefined;
}

function unfit(image: string, why: string): Failure {
  return new Failure('OsVersionNotSupported', `The image ${image} ${why}.`, {
    advice: NEWER_AND_OLDER,
    about: { image },
  });
}

/** What to do about an image of another Windows. */
export const NEWER_AND_OLDER =
  'Use a tag for the host’s own Windows, or an older one from Windows Server 2019 on (ltsc2019, ltsc2022).';

function otherSystem(image: string, os: string): Failure {
  return new Failure(
    'ImageOsTypeNotMatchContainerGroup',
    `The image ${image} is for ${os}, not for Windows.`,
    {
      advice: 'Name an image for Windows, or write osType: Linux.',
      about: { image },
    },
  );
}
