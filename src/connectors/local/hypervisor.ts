/** What machines are run with on this host. */
export interface Hypervisor {
  readonly accelerator: 'kvm' | 'tcg';
  /** Whether this build of QEMU can confine itself. */
  readonly sandbox: boolean;
}
