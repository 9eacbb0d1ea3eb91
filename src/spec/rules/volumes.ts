import { isAbsolute } from 'node:path/posix';
import { SEALED } from '../../secrets/index.ts';
import type { Finding } from '../problem.ts';
import type { Group, Volume } from '../schema/group.ts';
import { mountFindings } from './mounts.ts';
import { referenceFindings } from './references.ts';
import { nfsFindings, shareFindings } from './shares.ts';

const MOST_VOLUMES = 20;
const VOLUME_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** What one tmpfs of secrets may hold. */
const MOST_SECRET_BYTES = 1_048_576;

/** Volumes with one source each, and mounts that find them. */
export function volumeFindings(group: Group): Finding[] {
  const names = new Set<string>();
  const findings = group.volumes.flatMap((volume, index) => {
    const path = `properties.volumes[${index}]`;
    const found = [
      ...nameFindings(volume, path),
      ...sourceFindings(volume, path),
      ...volumeReferences(volume, path, group),
    ];
    if (names.has(volume.name))
      found.push({
        code: 'duplicate-volume',
        path: `${path}.name`,
        message: `Two volumes are called ${volume.name}.`,
        advice: 'Rename one.',
      });
    names.add(volume.name);
    return found;
  });
  if (group.volumes.length > MOST_VOLUMES) {
    findings.push({
      code: 'too-many-volumes',
      path: 'properties.volumes',
      message: `The group has ${group.volumes.length} volumes; ACI allows ${MOST_VOLUMES}.`,
      advice: `Remove ${group.volumes.length - MOST_VOLUMES}, or split the group.`,
    });
  }
  return [...findings, ...mountFindings(group, names)];
}

function nameFindings({ name }: Volume, path: string): Finding[] {
  if (!VOLUME_NAME.test(name) || name.length > 63) {
    return [
      {
        code: 'volume-name-invalid',
        path: `${path}.name`,
        message: `"${name.slice(0, 80)}" is no name for a volume.`,
        advice: 'Use lower-case letters, digits and single hyphens, at most 63.',
      },
    ];
  }
  if (name.length >= 5) return [];
  return [
    {
      severity: 'warning',
      code: 'volume-name-short',
      path: `${path}.name`,
      message: `ACI documents at least 5 characters for the name of a volume, not "${name}".`,
      advice: 'It works here; a longer name is safe everywhere.',
    },
  ];
}

function sourceFindings(volume: Volume, path: string): Finding[] {
  const sources = [
    volume.emptyDir,
    volume.secret ?? volume.secretReference,
    volume.gitRepo,
    volume.azureFile,
    volume.nfs,
  ].filter((each) => each !== undefined);
  if (sources.length !== 1) {
    const message = sources.length
      ? `The volume ${volume.name} has ${sources.length} sources.`
      : `The volume ${volume.name} has no source.`;
    return [
      {
        code: 'volume-source',
        path,
        message,
        advice:
          'Give it exactly one of emptyDir, secret, gitRepo, azureFile and nfs; `emptyDir: {}` is the simplest.',
      },
    ];
  }
  return [
    ...secretFindings(volume, path),
    ...gitFindings(volume, path),
    ...shareFindings(volume, path),
    ...nfsFindings(volume, path),
  ];
}

function secretFindings({ secret, name }: Volume, path: string): Finding[] {
  let size = 0;
  const findings = Object.entries(secret ?? {}).flatMap(([key, content]): Finding[] => {
    const place = `${path}.secret.${key}`;
    const text = content.reveal().replace(/\s/g, '');
    size += text.length * 0.75;
    if (!/^[A-Za-z0-9._-]{1,253}$/.test(key) || key === '.' || key === '..') {
      return [
        {
          code: 'secret-file-name',
          path: place,
          atKey: true,
          message: `"${key.slice(0, 80)}" is no file name.`,
          advice: 'Use letters, digits, dots, hyphens and underscores.',
        },
      ];
    }
    // A sealed one holds the content as it is.
    if (text.startsWith(SEALED)) return [];
    if (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0) return [];
    return [
      {
        code: 'secret-not-base64',
        path: place,
        message: `The content of ${key} is not base64.`,
        advice: `Encode it: printf %s 'the secret' | base64`,
      },
    ];
  });
  if (size <= MOST_SECRET_BYTES) return findings;
  return [
    ...findings,
    {
      code: 'secret-too-large',
      path: `${path}.secret`,
      message: `The files of ${name} are larger than 1 MiB together.`,
      advice: 'Secrets are kept in memory; put large files into an image or another volume.',
    },
  ];
}

function gitFindings({ gitRepo }: Volume, path: string): Finding[] {
  if (!gitRepo) return [];
  const findings: Finding[] = [];
  const { repository, directory, revision } = gitRepo;
  if (!/^https?:\/\/[^\s/]+\/\S+$/i.test(repository)) {
    findings.push({
      code: 'git-repository',
      path: `${path}.gitRepo.repository`,
      message: 'The repository is no http or https address.',
      advice: 'Write https://host/path.git; credentials go in front of the host.',
    });
  }
  if (
    directory !== undefined &&
    (directory.split('/').includes('..') || isAbsolute(directory) || directory === '')
  ) {
    findings.push({
      code: 'git-directory',
      path: `${path}.gitRepo.directory`,
      message: 'The directory leads out of the volume.',
      advice: 'Use a plain folder name, or . for the volume itself.',
    });
  }
  if (revision !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/.test(revision)) {
    findings.push({
      code: 'git-revision',
      path: `${path}.gitRepo.revision`,
      message: 'The revision is no commit and no branch.',
      advice: 'Write a commit hash or a branch name.',
    });
  }
  return findings;
}

function volumeReferences({ secretReference, azureFile }: Volume, path: string, group: Group): Finding[] {
  return [
    ...Object.entries(secretReference ?? {}).flatMap(([file, name]) =>
      referenceFindings(group, name, `${path}.secretReference.${file}`),
    ),
    ...referenceFindings(
      group,
      azureFile?.storageAccountKeyReference,
      `${path}.azureFile.storageAccountKeyReference`,
    ),
  ];
}
