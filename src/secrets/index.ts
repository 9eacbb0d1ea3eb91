/** Values that cannot be printed, and the vault that keeps them at rest. */
export { Secret } from './secret.ts';
export { openVault, type Vault } from './vault.ts';
