export type Isolation = 'hypervisor' | 'sandbox' | 'none';

/** Processors that keep the memory of a virtual machine from its host: a trusted execution environment. */
export type Tee = 'sev-snp' | 'tdx';

/** What was seen of a group's isolation, from outside and from inside. */
export interface Receipt {
  readonly level: Isolation;
  /** In words, such as `QEMU with KVM for this group alone, a kernel 6.18.1 that is not the host’s 6.1.0`. */
  readonly saw: string;
}

const FROM_WEAKEST: readonly Isolation[] = ['none', 'sandbox', 'hypervisor'];

/** Whether a level is at least what is required. */
export function isIsolated(level: Isolation, required: Isolation): boolean {
  return FROM_WEAKEST.indexOf(level) >= FROM_WEAKEST.indexOf(required);
}

/** The first of those that prove the least; undefined for none at all. */
export function weakest<Proof extends { readonly level: Isolation }>(
  proofs: readonly Proof[],
): Proof | undefined {
  return FROM_WEAKEST.map((level) => proofs.find((proof) => proof.level === level)).find((proof) => proof);
}
