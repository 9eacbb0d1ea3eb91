import { isAbsolute } from 'node:path/posix';
import type { Finding } from '../problem.ts';
import type { Group, VolumeMount } from '../schema/group.ts';
import { containersOf } from './places.ts';

/** Mounts that find their volume, each at a path of its own. */
export function mountFindings(group: Group, volumes: ReadonlySet<string>): Finding[] {
  const used = new Set<string>();
  const findings = containersOf(group).flatMap(({ container, path }) => {
    const seen = new Set<string>();
    return container.volumeMounts.flatMap((mount, index) => {
      const place = `${path}.properties.volumeMounts[${index}]`;
      used.add(mount.name);
      const found = [
        ...volumeFindings(mount, place, container.name, volumes),
        ...pathFindings(mount, place),
        ...twinFindings(mount, place, seen),
      ];
      seen.add(plainPath(mount));
      return found;
    });
  });
  return [...findings, ...unusedFindings(group, used)];
}

function volumeFindings(
  { name }: VolumeMount,
  place: string,
  container: string,
  volumes: ReadonlySet<string>,
): Finding[] {
  if (volumes.has(name)) return [];
  return [
    {
      code: 'VolumesNotFound',
      path: `${place}.name`,
      message: `Volume ${name} in container ${container} is not found.`,
      advice: `Define it under properties.volumes (there: ${[...volumes].join(', ') || 'none'}).`,
    },
  ];
}

function pathFindings({ mountPath }: VolumeMount, place: string): Finding[] {
  const finding = (code: string, message: string) => [
    { code, path: `${place}.mountPath`, message, advice: 'Write a path such as /data.' },
  ];
  if (mountPath.includes(':')) return finding('InvalidVolumeMountPath', 'A mount path cannot contain ":".');
  if (isAbsolute(mountPath) && !mountPath.split('/').includes('..') && !/^\/+$/.test(mountPath)) return [];
  return finding('mount-path', `"${mountPath.slice(0, 80)}" is no absolute path below /.`);
}

function twinFindings(mount: VolumeMount, place: string, seen: ReadonlySet<string>): Finding[] {
  if (!seen.has(plainPath(mount))) return [];
  return [
    {
      code: 'duplicate-mount',
      path: `${place}.mountPath`,
      message: `Two volumes are mounted at ${plainPath(mount)}.`,
      advice: 'Give each its own path.',
    },
  ];
}

function plainPath({ mountPath }: VolumeMount): string {
  return mountPath.replace(/\/+$/, '');
}

function unusedFindings({ volumes }: Group, used: ReadonlySet<string>): Finding[] {
  return volumes.flatMap(({ name }, index): Finding[] =>
    used.has(name)
      ? []
      : [
          {
            severity: 'warning',
            code: 'volume-unused',
            path: `properties.volumes[${index}].name`,
            message: `No container mounts the volume ${name}.`,
            advice: 'Mount it under volumeMounts, or remove it.',
          },
        ],
  );
}
