import { isAbsolute } from 'node:path/posix';
import type { Finding } from '../problem.ts';
import type { Volume } from '../schema/group.ts';

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules: Microsoft.Storage */
const ACCOUNT = /^[a-z0-9]{3,24}$/;
/** Of Azure and of servers of one's own: nothing that separates, in addresses or in options of a mount. */
const SHARE = /^[A-Za-z0-9][A-Za-z0-9._$-]{0,79}$/;
const SERVER = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$|^[0-9a-fA-F:]{2,39}$/;

/** A file share that can be named, and one way to log in. */
export function shareFindings({ azureFile }: Volume, path: string): Finding[] {
  if (!azureFile) return [];
  const place = `${path}.azureFile`;
  return [
    ...(ACCOUNT.test(azureFile.storageAccountName)
      ? []
      : [
          {
            code: 'share-account',
            path: `${place}.storageAccountName`,
            message: `"${azureFile.storageAccountName.slice(0, 80)}" is no name for a storage account.`,
            advice: 'Use 3 to 24 lower-case letters and digits.',
          },
        ]),
    ...(SHARE.test(azureFile.shareName)
      ? []
      : [
          {
            code: 'share-name',
            path: `${place}.shareName`,
            message: `"${azureFile.shareName.slice(0, 80)}" is no name for a file share.`,
            advice: 'Write the name of the share alone, without a server and without a folder in it.',
          },
        ]),
    ...loginFindings(azureFile, place),
  ];
}

function loginFindings(azureFile: NonNullable<Volume['azureFile']>, path: string): Finding[] {
  const ways = [
    azureFile.storageAccountKey,
    azureFile.storageAccountKeyReference,
    azureFile.userAssignedIdentityClientId,
  ];
  if (ways.filter((each) => each !== undefined).length === 1) return [];
  return [
    {
      code: 'share-login',
      path,
      message: ways.some((each) => each !== undefined)
        ? 'The share has more than one way to log in.'
        : 'The share has no way to log in.',
      advice: 'Set storageAccountKey alone.',
    },
  ];
}

/** What may be said of a mount: nothing that names another server, another user or another place. */
const NFS_OPTIONS =
  /^((nfsvers|vers)=(3|4|4\.[012])|(timeo|retrans|rsize|wsize|acregmin|acregmax|acdirmin|acdirmax|actimeo|nconnect|port|mountport)=\d{1,7}|proto=(tcp6?|udp6?|rdma)|soft|hard|softerr|nolock|noac|noresvport|nordirplus)$/;

/** A directory of a server, and options that say how it is mounted and not what. */
export function nfsFindings({ nfs }: Volume, path: string): Finding[] {
  if (!nfs) return [];
  const findings: Finding[] = [];
  const place = `${path}.nfs`;
  if (!SERVER.test(nfs.server))
    findings.push({
      code: 'nfs-server',
      path: `${place}.server`,
      message: `"${nfs.server.slice(0, 80)}" is no name and no address of a server.`,
      advice: 'Write it alone, such as nas.example.com; the directory stands under path.',
    });
  if (!isAbsolute(nfs.path) || nfs.path.split('/').includes('..') || /[\s,\0]/.test(nfs.path))
    findings.push({
      code: 'nfs-path',
      path: `${place}.path`,
      message: `"${nfs.path.slice(0, 80)}" is no absolute path of a directory.`,
      advice: 'Write it as the server exports it, such as /exports/team, without blanks and commas.',
    });
  const wrong = nfs.options?.split(',').find((option) => !NFS_OPTIONS.test(option));
  if (wrong !== undefined)
    findings.push({
      code: 'nfs-options',
      path: `${place}.options`,
      message: `"${wrong.slice(0, 40)}" is no option that may be said here.`,
      advice:
        'Use nfsvers, proto, port, soft, hard, timeo, retrans, rsize, wsize, nolock and their like, with commas between.',
    });
  return findings;
}
