/** Text of a containergroup.yaml -> a typed group, or problems with their places and advice. */
export { type Change, diffGroups, effectOf } from './diff.ts';
export { memberFingerprint, podFingerprint } from './fingerprint.ts';
export { jsonSchema } from './json-schema.ts';
export { nearestWord } from './nearest.ts';
export type { Gap, Problem } from './problem.ts';
export { MAX_BYTES, type Reading, type ReadOptions, readGroup } from './read.ts';
export { referencePage } from './reference.ts';
export type {
  Container,
  EnvironmentVariable,
  Group,
  InitContainer,
  IpAddress,
  Port,
  RegistryCredential,
  Volume,
  VolumeMount,
} from './schema/group.ts';
export { containerLimits, type GroupSize, groupSize } from './size.ts';
