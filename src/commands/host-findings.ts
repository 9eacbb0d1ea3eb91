import { type EngineFacts, type Isolation, isIsolated, type Survey } from '../engines/index.ts';
import { isOneAddress } from '../network/index.ts';
import { diskFindings } from './disk-findings.ts';
import { broken, type Finding, fine, warning } from './finding.ts';
import { gpuFindings } from './gpu-findings.ts';
import type { Host } from './ground.ts';
import { networkFindings } from './network-findings.ts';

// Pure: what was seen of a host, and what that means for the groups that are to run there.

/** What a host is asked for, and what was seen of it. */
export interface Examined {
  readonly host: Pick<Host, 'name' | 'location' | 'pools' | 'gpus' | 'keepImagesUnderBytes'>;
  /** The least isolation that its location requires, and the runtime that is to give it. */
  readonly required: Isolation;
  readonly facts: EngineFacts;
  readonly survey: Survey;
  /** Ids of the images that this bot has pulled there. */
  readonly ownImages?: readonly { readonly id: string }[];
}

const MOST_SKEW_MS = 2_000;

/** What a host is, what it can and cannot run, and what to install or mend. */
export function hostFindings(examined: Examined): Finding[] {
  if (examined.facts.operatingSystem === 'Windows') return windowsFindings(examined);
  return [
    engineFinding(examined),
    sizeFinding(examined),
    ...runtimeFindings(examined),
    isolationFinding(examined),
    ...machineFindings(examined),
    ...gpuFindings(examined),
    ...diskFindings(examined),
    skewFinding(examined),
    ...networkFindings(examined),
    ...complaints(examined),
  ];
}

/** There is nothing to look at its machine with, so that much less is told. */
function windowsFindings(examined: Examined): Finding[] {
  return [
    engineFinding(examined),
    sizeFinding(examined),
    isolationFinding(examined),
    ...addressFindings(examined),
    ...diskFindings(examined),
    skewFinding(examined),
    ...complaints(examined),
  ];
}

function complaints({ host, survey }: Examined): Finding[] {
  return survey.complaints.map((text) =>
    warning(host.name, `its engine says: ${text}`, 'Groups are not held to that limit before it is mended.'),
  );
}

function engineFinding({ host, facts, survey }: Examined): Finding {
  const { version, api, operatingSystem, architecture, runtime } = facts;
  const newer = survey.newestApi > api ? ` (of ${survey.newestApi.toFixed(2)})` : '';
  const spoken = api ? `, API ${api.toFixed(2)}${newer}` : ''; // 1.50 is not 1.5
  const system = survey.system ? ` (${survey.system})` : '';
  return fine(
    host.name,
    `engine ${version}${spoken}, ${operatingSystem} ${architecture}${system}, runtime ${runtime}`,
  );
}

function addressFindings({ host, facts }: Examined): Finding[] {
  if (!facts.publishesEverywhere || isOneAddress(host.pools)) return [];
  return [
    broken(
      host.name,
      'publishes ports at all of its addresses at once, and its settings hand out several: every deploy is refused',
      `Hand out its one address of IPv4, such as locations.${host.location}.addresses: 203.0.113.7`,
    ),
  ];
}

function sizeFinding({ host, facts, survey }: Examined): Finding {
  const { machine } = survey;
  const shm =
    typeof machine !== 'string' && machine.shmBytes !== undefined
      ? `${gb(machine.shmBytes)} of /dev/shm`
      : '';
  const parts = [`${facts.cpus} processors`, `${gb(facts.memoryBytes)} of memory`, shm, survey.storage];
  const end = survey.outlivesEngine ? 'groups outlive a restart of the engine' : 'groups end with the engine';
  return fine(host.name, [...parts, end].filter(Boolean).join(', '));
}

function runtimeFindings({ host, facts: { runtime }, survey: { runtimes } }: Examined): Finding[] {
  if (!runtimes.length || runtimes.includes(runtime)) return [];
  const install = /kata/.test(runtime)
    ? 'Install Kata Containers 3, and register'
    : /gvisor|runsc/.test(runtime)
      ? 'Install gVisor (runsc), and register'
      : 'Register';
  return [
    broken(
      host.name,
      `has no runtime ${runtime}, so no group can run there; it has ${runtimes.join(', ')}`,
      `${install} it under \`runtimes\` in the host’s /etc/docker/daemon.json; then restart the engine.`,
    ),
  ];
}

function isolationFinding({ host, required, facts }: Examined): Finding {
  const { name, location } = host;
  if (!isIsolated(facts.isolation, required)) {
    return broken(
      name,
      `requires ${required} isolation and shows ${facts.isolation}: every deploy is refused${facts.isolationSaw ? ` (${facts.isolationSaw})` : ''}`,
      `Give it an isolating runtime, or allow less: locations.${location}.isolation: ${facts.isolation}`,
    );
  }
  return facts.isolation === 'none'
    ? warning(name, 'isolation: none, for development only', 'Use a runtime that isolates for anything else.')
    : fine(name, `isolation: ${facts.isolation} (${facts.isolationSaw})`);
}

/** What virtual machines take of their host; told as a want only where groups are to run in them. */
function machineFindings({ host: { name }, required, facts, survey: { machine } }: Examined): Finding[] {
  const wanted = required === 'hypervisor';
  if (typeof machine === 'string') {
    return wanted
      ? [warning(name, `its machine could not be looked at: ${machine}`, 'katabot doctor looks again.')]
      : [];
  }
  if (machine.kvm !== 'works') {
    const text = `${machine.kvm === 'missing' ? 'it has no /dev/kvm' : 'its /dev/kvm gives no virtual machine'}, so it cannot run groups in virtual machines`;
    return wanted
      ? [
          broken(
            name,
            text,
            'Switch virtualisation on in its firmware, or take a machine that lets it through; then `modprobe kvm`.',
          ),
        ]
      : [fine(name, text)];
  }
  if (!wanted)
    return [fine(name, 'its /dev/kvm works: with Kata Containers it can run groups in virtual machines')];
  const findings: Finding[] = [];
  if (machine.shmBytes !== undefined && machine.shmBytes < facts.memoryBytes * LEAST_SHM) {
    findings.push(
      warning(
        name,
        `its /dev/shm has ${gb(machine.shmBytes)} of ${gb(facts.memoryBytes)} memory: virtual machines that share files keep theirs in it, and fail when it is full`,
        'mount -o remount,size=90% /dev/shm, and the same in its /etc/fstab.',
      ),
    );
  }
  if (!machine.propagates)
    findings.push(
      warning(
        name,
        'its mounts do not show in other namespaces, so volumes may be empty inside a virtual machine',
        'mount --make-rshared / on the host, and MountFlags=shared for its engine.',
      ),
    );
  return findings;
}

/** A host may promise nearly all of its memory to virtual machines. */
const LEAST_SHM = 0.75;

function skewFinding({ host: { name }, facts: { skewMs } }: Examined): Finding {
  return Math.abs(skewMs) > MOST_SKEW_MS
    ? warning(
        name,
        `its clock differs by ${(skewMs / 1000).toFixed(1)} s`,
        'Run NTP on both machines: bills are made of its times.',
      )
    : fine(name, `clock differs by ${skewMs} ms`);
}

function gb(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GB`;
}
