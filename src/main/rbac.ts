/** The lease that controllers of one installation share. */
export const LEASE_NAME = 'lamina-controller';

/** Where that lease is: a controller of all namespaces has none of its own, and that one is everywhere. */
export function leaseNamespace(onlyNamespace: string | undefined): string {
  return onlyNamespace ?? 'kube-system';
}
