/** Where a group is reached that joins a network. */
export interface PrivatePlace {
  readonly network: string;
  /** What it is called there; empty where nobody answers for names. */
  readonly names: readonly string[];
}

/** `private in backend: hello, hello.backend` */
export function privateText({ network, names }: PrivatePlace): string {
  return `private in ${network}${names.length ? `: ${names.join(', ')}` : ''}`;
}
