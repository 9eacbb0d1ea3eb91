import { nearestWord } from '../nearest.ts';
import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';
import { containersOf } from './places.ts';

/** Capabilities that exist, and seccomp profiles that can be read. */
export function rightsFindings(group: Group): Finding[] {
  return containersOf(group).flatMap(({ container: { securityContext }, path }) => {
    if (!securityContext) return [];
    const place = `${path}.properties.securityContext`;
    const { capabilities, seccompProfile } = securityContext;
    return [
      ...capabilityFindings(capabilities?.add ?? [], `${place}.capabilities.add`),
      ...capabilityFindings(capabilities?.drop ?? [], `${place}.capabilities.drop`),
      ...profileFindings(seccompProfile, `${place}.seccompProfile`),
    ];
  });
}

function capabilityFindings(names: readonly string[], path: string): Finding[] {
  return names.flatMap((written, index): Finding[] => {
    const name = written.toUpperCase().replace(/^CAP_/, '');
    if (CAPABILITIES.includes(name)) return [];
    const near = nearestWord(name, CAPABILITIES);
    return [
      {
        code: 'capability-unknown',
        path: `${path}[${index}]`,
        message: `"${written.slice(0, 40)}" is no capability of Linux.`,
        advice: near ? `Write ${near}.` : 'Write a name such as NET_BIND_SERVICE, or ALL.',
      },
    ];
  });
}

function profileFindings(profile: string | undefined, path: string): Finding[] {
  if (profile === undefined || isJsonObject(Buffer.from(profile, 'base64').toString('utf8'))) return [];
  return [
    {
      code: 'seccomp-profile',
      path,
      message: 'The seccomp profile is not the base64 of a JSON object.',
      advice: 'Encode it: base64 -w0 profile.json',
    },
  ];
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Linux 6.18, include/uapi/linux/capability.h; ALL is every one of them. */
const CAPABILITIES = [
  'ALL',
  ...'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE'.split(' '),
  ...'NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO'.split(' '),
  ...'SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME'.split(' '),
  ...'SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG'.split(' '),
  ...'WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(' '),
];
