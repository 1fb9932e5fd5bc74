import type { Clock } from '../../core/clock.ts';
import { parseQuantity } from '../../core/quantity.ts';
import type { StartDetached } from '../../host/detached.ts';
import type { Log } from '../../host/log.ts';
import type { Run } from '../../host/run.ts';

/** What machines are run with on this host. */
export interface Hypervisor {
  readonly accelerator: 'kvm' | 'tcg';
  /** Whether this build of QEMU can confine itself. */
  readonly sandbox: boolean;
}

/** `spec.local` of a ConnectorConfig. */
export interface LocalSpec {
  readonly firmware?: 'bios';
  readonly cpus?: number;
  readonly memory?: string;
  readonly network?: 'none' | 'user';
}

/** What the platform is built from, in a controller and in the process of a job. */
export interface LocalOptions {
  /** One folder a key; survives the controller. */
  readonly machinesDir: string;
  /** Holds sockets and locks. Short: QEMU refuses socket paths of 108 bytes and more. */
  readonly runDir: string;
  readonly installId: string;
  readonly run: Run;
  readonly start: StartDetached;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked when the first machine starts, because probing may take seconds. */
  readonly hypervisor: (signal: AbortSignal) => Promise<Hypervisor>;
}

/** A machine's hardware with defaults filled in. */
export interface Hardware {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly network: 'none' | 'user';
}

/** The hardware that a spec asks for. */
export function hardwareOf(spec: LocalSpec): Hardware {
  return {
    cpus: spec.cpus ?? 1,
    memoryMiB: Math.ceil(parseQuantity(spec.memory ?? '512Mi') / 2 ** 20),
    network: spec.network ?? 'none',
  };
}
