import type { Secret } from '../secrets/index.ts';
import type { Finding } from './problem.ts';
import type { EnvironmentVariable, Group, RegistryCredential, Volume } from './schema/group.ts';

/**
 * What stands in an export where a secret was: "the value that the group has now". It may be committed, and a deploy takes
 * the secret over from the revision that is wanted now.
 */
export const KEPT = 'katabot:kept';

/**
 * Puts the secrets of the group that is there in the places that ask for them. Gives a finding for each place that asks for
 * a secret which that group does not have.
 */
export function takeKeptSecrets(
  group: Group,
  kept: Group | undefined,
): { group: Group; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const take = (secret: Secret | undefined, path: string) => {
    if (!secret) findings.push(notKept(path, kept));
    return secret;
  };
  const variables = (of: { name: string; environmentVariables: EnvironmentVariable[] }, path: string) => {
    const before = [...(kept?.initContainers ?? []), ...(kept?.containers ?? [])].find(
      ({ name }) => name === of.name,
    );
    return of.environmentVariables.map((entry, index) =>
      entry.secureValueReference === KEPT
        ? withSecret(entry, 'secureValue', 'secureValueReference', () =>
            take(
              before?.environmentVariables.find(({ name }) => name === entry.name)?.secureValue,
              `${path}.properties.environmentVariables[${index}].secureValueReference`,
            ),
          )
        : entry,
    );
  };
  const initContainers = group.initContainers.map((container, index) => ({
    ...container,
    environmentVariables: variables(container, `properties.initContainers[${index}]`),
  }));
  const containers = group.containers.map((container, index) => ({
    ...container,
    environmentVariables: variables(container, `properties.containers[${index}]`),
  }));
  const imageRegistryCredentials = group.imageRegistryCredentials.map((credential, index) =>
    credential.passwordReference === KEPT
      ? withSecret<RegistryCredential, 'password'>(credential, 'password', 'passwordReference', () =>
          take(
            kept?.imageRegistryCredentials.find(({ server }) => server === credential.server)?.password,
            `properties.imageRegistryCredentials[${index}].passwordReference`,
          ),
        )
      : credential,
  );
  const volumes = group.volumes.map((volume, index) => keptFiles(volume, index, kept, take));
  return { group: { ...group, initContainers, containers, imageRegistryCredentials, volumes }, findings };
}

function withSecret<T extends object, Name extends keyof T & string>(
  entry: T,
  name: Name,
  reference: keyof T & string,
  secret: () => Secret | undefined,
): T {
  const value = secret();
  if (!value) return entry;
  const { [reference]: _, ...rest } = entry;
  return { ...rest, [name]: value } as T;
}

function keptFiles(
  volume: Volume,
  index: number,
  kept: Group | undefined,
  take: (secret: Secret | undefined, path: string) => Secret | undefined,
): Volume {
  const { secretReference, ...rest } = volume;
  if (!secretReference) return volume;
  const before = kept?.volumes.find(({ name }) => name === volume.name)?.secret ?? {};
  const secret: Record<string, Secret> = { ...rest.secret };
  const others: Record<string, string> = {};
  for (const [file, name] of Object.entries(secretReference)) {
    const path = `properties.volumes[${index}].secretReference.${file}`;
    const found = name === KEPT ? take(before[file], path) : undefined;
    if (found) secret[file] = found;
    else others[file] = name;
  }
  return { ...rest, secret, ...(Object.keys(others).length ? { secretReference: others } : {}) };
}

function notKept(path: string, kept: Group | undefined): Finding {
  return {
    code: 'secret-not-kept',
    path,
    message: kept
      ? `The group that runs has no such secret, so ${KEPT} stands for nothing here.`
      : `There is no such group yet, so ${KEPT} stands for nothing here.`,
    advice:
      'Write the secret itself (secureValue, password, secret) for this deploy; later ones may refer to it.',
  };
}
