import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';

/** What one config map may hold: it is kept in memory, twice while it changes. */
const MOST_BYTES = 1_048_576;
const FILE_NAME = /^[A-Za-z0-9._-]{1,253}$/;

/** Keys that are names of files, and a place of its own. */
export function configMapFindings({ containers }: Group): Finding[] {
  return containers.flatMap(({ configMap, volumeMounts }, index): Finding[] => {
    const pairs = Object.entries(configMap?.keyValuePairs ?? {});
    const place = `properties.containers[${index}].properties`;
    const path = `${place}.configMap.keyValuePairs`;
    const findings = pairs.flatMap(([key]): Finding[] =>
      FILE_NAME.test(key) && !key.startsWith('..') && key !== '.'
        ? []
        : [
            {
              code: 'config-map-key',
              path: `${path}.${key}`,
              atKey: true,
              message: `"${key.slice(0, 80)}" is no file name.`,
              advice: 'Use letters, digits, dots, hyphens and underscores.',
            },
          ],
    );
    if (pairs.reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0) > MOST_BYTES)
      findings.push({
        code: 'config-map-too-large',
        path,
        message: 'The files of the config map are larger than 1 MiB together.',
        advice: 'Put large files into an image or a volume.',
      });
    const covering = volumeMounts.findIndex(({ mountPath }) =>
      /^\/mnt(\/configmap(\/.*)?)?\/*$/.test(mountPath),
    );
    if (pairs.length && covering >= 0)
      findings.push({
        code: 'config-map-covered',
        path: `${place}.volumeMounts[${covering}].mountPath`,
        message: 'The config map of the container is mounted at /mnt/configmap.',
        advice: 'Give the volume another path.',
      });
    return findings;
  });
}
