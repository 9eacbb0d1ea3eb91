/** Text of a containergroup.yaml -> a typed group, or problems with their places and advice. */
export { readDescribed } from './described.ts';
export { type Change, diffGroups, effectOf } from './diff.ts';
export { memberFingerprint, podFingerprint } from './fingerprint.ts';
export { hideSecrets } from './hide-secrets.ts';
export { isServerOf, registryOf } from './image-registry.ts';
export { joinedNetwork } from './joined-network.ts';
export { jsonSchema } from './json-schema.ts';
export { type Mask, type MaskedStream, maskFor } from './mask.ts';
export { nearestWord } from './nearest.ts';
export type { Gap, Problem } from './problem.ts';
export { sizeBytes } from './quantity.ts';
export { placeOf, readGroup } from './read.ts';
export { referencePage } from './reference.ts';
export { KEPT, type NoSecret, type Supply, secretsAsked, secretsUsed } from './references.ts';
export { wordsOf } from './rules/resolver.ts';
export type {
  Container,
  Group,
  InitContainer,
  IpAddress,
  Probe,
  RegistryCredential,
  Volume,
  VolumeMount,
} from './schema/group.ts';
export { containerLimits, groupSize } from './size.ts';
export { UPDATES, type Updates, updatesOf } from './updates.ts';
export { writeGroup } from './write.ts';
