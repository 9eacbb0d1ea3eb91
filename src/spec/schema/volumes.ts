import { choice, flag, map, object, required, secretText, text, withDefault } from '../field.ts';
import { SIZE } from '../quantity.ts';

const emptyDir = object(
  {
    medium: choice(['Memory'], {
      says: 'Keeps it in memory, not on the disk. Kubernetes’ word; ACI has none.',
    }),
    sizeLimit: text(
      {
        says: 'The most it may hold: a number with Ki, Mi, Gi, Ti, k, M, G or T. Kubernetes’ word; ACI has none.',
        example: '512Mi',
      },
      { pattern: SIZE, expected: 'a size such as 512Mi or 1Gi' },
    ),
  },
  { says: 'Scratch space shared by the group.', example: '{}' },
);

/** A file system of another machine; the words are those of Kubernetes. */
const nfs = object(
  {
    server: required(text({ says: 'Name or address of the server.', example: 'nas.example.com' })),
    path: required(text({ says: 'The directory that it exports.', example: '/exports/team' })),
    readOnly: withDefault(flag({ says: 'Whether it may only be read.' }), false),
    options: text({
      says: 'Options of the mount, such as version and time-outs; `nfsvers=4` without it.',
      example: 'nfsvers=4.1,soft,timeo=100',
    }),
  },
  { says: 'A directory of an NFS server that the location allows. An extension: ACI has none.' },
);

export const volume = object(
  {
    name: required(text({ says: 'Name that volumeMounts refer to.', example: 'scratch' })),
    emptyDir,
    secret: optionalMap(
      'File name to content, base64. Kept in memory, readable in the group only.',
      'c2VjcmV0',
    ),
    secretReference: optionalReferences(
      'File name to a secret of the bot (`katabot:NAME`, or an entry of secretReferences), its content as it is.',
    ),
    gitRepo: object(
      {
        repository: required(
          text({
            says: 'Address of the repository, http or https.',
            example: 'https://github.com/acme/site.git',
          }),
        ),
        directory: text({
          says: 'Folder in the volume; `.` is the volume itself, without it a folder named after the repository.',
        }),
        revision: text({ says: 'Commit or branch; the default branch without it.' }),
      },
      { says: 'A clone of a git repository, made when the group starts.' },
    ),
    azureFile: object(
      {
        shareName: required(text({ says: 'Name of the file share.' })),
        storageAccountName: required(text({ says: 'Name of the storage account.' })),
        storageAccountKey: secretText({ says: 'Key of the storage account.' }),
        storageAccountKeyReference: text({
          says: 'A secret of the bot: `katabot:NAME`, or an entry of secretReferences.',
          since: '2025-09-01',
        }),
        userAssignedIdentityClientId: text({
          says: 'Client id of the identity to mount with.',
          since: '2026-07-01',
          aliases: ['userManagedIdentityClientId'],
        }),
        readOnly: withDefault(flag({ says: 'Whether the share may only be read.' }), false),
      },
      { says: 'A file share, over SMB: of Azure Files, or of a server that the location’s settings name.' },
    ),
    nfs,
  },
  { says: 'A volume with exactly one source.' },
);

function optionalMap(says: string, example: string) {
  const { fallback: _, ...field } = map(secretText({ says: 'Content of the file, base64.', example }), {
    says,
  });
  return { ...field, presence: 'optional' as const };
}

function optionalReferences(says: string) {
  const { fallback: _, ...field } = map(text({ says: 'Name of the reference.' }), {
    says,
    since: '2025-09-01',
  });
  return { ...field, presence: 'optional' as const };
}
