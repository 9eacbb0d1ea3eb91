/** Values that cannot be printed, the book that the bot keeps of them, and the vault that seals them at rest. */
export {
  findSecret,
  fingerprintOf,
  isSecretName,
  type KeptSecret,
  loginIn,
  OWN,
  REGISTRY,
  type SecretBook,
} from './book.ts';
export { readOrMake } from './own-file.ts';
export { type Scope, scopesFor, scopeText } from './scope.ts';
export { openSealed, SEALED, type SealedFault, sealValue } from './sealed.ts';
export { Secret } from './secret.ts';
export { openVault, type Vault } from './vault.ts';
