import type { Container, InitContainer } from '../../spec/index.ts';

// Pure: what a security context is for the engine.

/**
 * The rights of one container. `privileged` is every capability and no filter, in the group's own kernel; Docker's own word
 * for it is not used, because it also hands over the devices of the host, its disks among them.
 * `imageUser` is whom the image runs as: a group id alone leaves that user as it is.
 */
export function rightsOf({ securityContext }: Container | InitContainer, imageUser: string) {
  if (!securityContext) return { user: {}, host: {} };
  const { runAsUser, runAsGroup, privileged, allowPrivilegeEscalation, capabilities, seccompProfile } =
    securityContext;
  const user = runAsUser ?? (imageUser.split(':')[0] || '0');
  const isNamed = runAsUser !== undefined || runAsGroup !== undefined;
  const filter = seccompProfile === undefined ? undefined : profileIn(seccompProfile);
  const options = [
    ...(allowPrivilegeEscalation === false ? ['no-new-privileges'] : []),
    ...(filter === undefined ? (privileged ? ['seccomp=unconfined'] : []) : [`seccomp=${filter}`]),
    ...(privileged ? ['apparmor=unconfined'] : []),
  ];
  const added = privileged ? ['ALL'] : (capabilities?.add ?? []).map(capabilityName);
  const dropped = privileged ? [] : (capabilities?.drop ?? []).map(capabilityName);
  return {
    user: isNamed ? { User: [user, runAsGroup].filter((id) => id !== undefined).join(':') } : {},
    host: {
      ...(added.length ? { CapAdd: added } : {}),
      ...(dropped.length ? { CapDrop: dropped } : {}),
      ...(options.length ? { SecurityOpt: options } : {}),
      ...(privileged ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    },
  };
}

/** Whether the image has to be asked whom it runs as. */
export function needsImageUser({ securityContext }: Container | InitContainer): boolean {
  return securityContext?.runAsGroup !== undefined && securityContext.runAsUser === undefined;
}

/** What every container has here where nothing is said: adding one of them back widens nothing (moby, oci/caps/defaults.go). */
export const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
] as const;

/** `CAP_NET_ADMIN` and `net_admin` are one. */
function capabilityName(written: string): string {
  return written.toUpperCase().replace(/^CAP_/, '');
}

/** On one line, as the engine takes it; the spec's check has read it already. */
function profileIn(base64: string): string {
  return JSON.stringify(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')));
}
