import type { Finding } from '../problem.ts';
import type { Group, RegistryCredential } from '../schema/group.ts';
import { containersOf } from './places.ts';
import { referenceFindings } from './references.ts';

const SERVER = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/;
const IDENTITIES_SINCE = '2021-07-01';
const SERVICE_MISSPELLS_IT = 'AmbiguousImageResitryCredentialType';

/** Registry logins, and image names as far as they can be checked without a registry. */
export function registryFindings(group: Group): Finding[] {
  const servers = new Set<string>();
  const logins = group.imageRegistryCredentials.flatMap((credential, index) => {
    const path = `properties.imageRegistryCredentials[${index}]`;
    const findings = credentialFindings(credential, path, group);
    if (servers.has(credential.server))
      findings.push({
        code: 'duplicate-registry',
        path: `${path}.server`,
        message: `Two logins are for ${credential.server}.`,
        advice: 'Keep one.',
      });
    servers.add(credential.server);
    return findings;
  });
  return [
    ...logins,
    ...containersOf(group).flatMap(({ container, path }) =>
      imageFindings(container.image, `${path}.properties.image`),
    ),
  ];
}

function credentialFindings(credential: RegistryCredential, path: string, group: Group): Finding[] {
  const findings: Finding[] = [];
  const { server, username, password, passwordReference, identity } = credential;
  if (!SERVER.test(server)) {
    findings.push({
      code: 'InvalidImageRegistryServer',
      path: `${path}.server`,
      message: 'The server should be a host name without a scheme or path.',
      advice: `Write ${hostIn(server)}.`,
    });
  } else if (server.includes(':')) {
    findings.push({
      severity: 'warning',
      code: 'registry-port',
      path: `${path}.server`,
      message: 'ACI refuses a server with a port.',
      advice: 'It works here; use port 443 and leave it out if the file should run on Azure as well.',
    });
  }
  if (identity !== undefined && (group.apiVersion ?? IDENTITIES_SINCE) < IDENTITIES_SINCE) {
    findings.push({
      code: 'InvalidImageRegistryCredentialType',
      path: `${path}.identity`,
      message: `Logins by identity came with API ${IDENTITIES_SINCE}; the file says ${group.apiVersion?.slice(0, 40)}.`,
      advice: `Write apiVersion: '${IDENTITIES_SINCE}' or a later one.`,
    });
  }
  if ((username === undefined) === (identity === undefined)) {
    findings.push({
      code: SERVICE_MISSPELLS_IT,
      path,
      message:
        username === undefined
          ? 'The login has neither username nor identity.'
          : 'The login has both username and identity.',
      advice: 'Set username and password, or identity alone.',
    });
  }
  if (username !== undefined && passwordReference === undefined && !password?.reveal()) {
    findings.push({
      code: 'registry-password',
      path: `${path}.password`,
      message: `The login for ${server} has no password.`,
      advice: 'Set password to the password or a token of that user.',
    });
  }
  findings.push(...referenceFindings(group, passwordReference, `${path}.passwordReference`));
  if (
    identity !== undefined &&
    !group.identity?.userAssignedIdentities.some((each) => each.toLowerCase() === identity.toLowerCase())
  ) {
    findings.push({
      code: 'InvalidImageRegistryIdentity',
      path: `${path}.identity`,
      message: 'The identity is not attached to the group.',
      advice: 'List it under identity.userAssignedIdentities.',
    });
  }
  return findings;
}

/** What was probably meant, if it can be used. */
function hostIn(server: string): string {
  const host = server.replace(/^\w+:\/\//, '').split('/')[0] ?? '';
  return SERVER.test(host) ? host : 'the host name, such as registry.example.com';
}

const IMAGE = /^[a-z0-9]([a-zA-Z0-9._/:@-]*[a-zA-Z0-9_])?$/;

function imageFindings(image: string, path: string): Finding[] {
  if (/^\w+:\/\//.test(image)) {
    return [
      {
        code: 'InaccessibleImage',
        path,
        message: 'An image is named without a scheme.',
        advice: `Write ${image.replace(/^\w+:\/\//, '')}.`,
      },
    ];
  }
  if (!IMAGE.test(image) || image.length > 512) {
    const lower = image.toLowerCase();
    const advice = IMAGE.test(lower)
      ? `Repositories are lower case: ${lower}`
      : 'Write registry/repository:tag.';
    return [
      { code: 'InaccessibleImage', path, message: `"${image.slice(0, 80)}" is no name of an image.`, advice },
    ];
  }
  return [];
}
