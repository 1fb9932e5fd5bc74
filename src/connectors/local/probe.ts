import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { isFailure } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { isMissing, writeFileAtomic } from '../../host/files.ts';
import type { Run } from '../../host/run.ts';
import type { Hypervisor } from './settings.ts';
import { acceleratorArgs } from './launch.ts';

/** What a probe needs. */
export interface ProbeOptions {
  readonly run: Run;
  readonly clock: Clock;
  /** Where the answer is kept until the host is booted again. */
  readonly cacheFile: string;
  readonly signal?: AbortSignal;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const LIMIT_MS = 5_000;
/** A nested KVM may work at a hundredth of its speed; starting a real one takes a fraction of this. */
const KVM_OVERHEAD_MS = 1_000;
const EXIT_PORT = 'isa-debug-exit,iobase=0xf4,iosize=1';
/** The guest writes 0x10 to the port, and QEMU ends with twice that and one. */
const GUEST_RAN = 0x21;

/** `mov al, 0x10; out 0xf4, al; hlt` as a boot sector; the BIOS wants a disk of at least 1 MiB. */
function probeDisk(): Uint8Array {
  const disk = Buffer.alloc(2 ** 20);
  Buffer.from([0xb0, 0x10, 0xe6, 0xf4, 0xf4]).copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

/** How long a guest took, or why it did not run. */
type Outcome = { readonly tookMs: number } | { readonly error: unknown };

async function runGuest(
  hypervisor: Hypervisor,
  disk: string,
  options: ProbeOptions,
): Promise<Outcome> {
  const { run, clock, signal } = options;
  const began = clock.elapsed();
  const drive = { driver: 'raw', 'node-name': 'disk', file: { driver: 'file', filename: disk } };
  try {
    await run(
      'qemu-system-x86_64',
      [
        ['-nodefaults', '-no-user-config', '-display', 'none', '-nic', 'none', '-m', '64'],
        acceleratorArgs(hypervisor),
        ['-blockdev', JSON.stringify({ ...drive, 'read-only': true })],
        ['-device', 'virtio-blk-pci,drive=disk', '-device', EXIT_PORT],
      ].flat(),
      { okCodes: [GUEST_RAN], timeoutMs: LIMIT_MS, ...(signal === undefined ? {} : { signal }) },
    );
  } catch (error) {
    // It says nothing about QEMU, and what it said would be remembered.
    if (isFailure(error) && error.code === 'ProgramKilled') throw error;
    return { error };
  }
  return { tookMs: clock.elapsed() - began };
}

async function choose(disk: string, options: ProbeOptions): Promise<Hypervisor> {
  const emulated = { accelerator: 'tcg', sandbox: true } as const;
  let plain = await runGuest(emulated, disk, options);
  const sandbox = 'tookMs' in plain;
  if (!sandbox) plain = await runGuest({ ...emulated, sandbox }, disk, options);
  // Emulation always works: if it does not, QEMU itself is missing or broken.
  if ('error' in plain) throw plain.error;
  const kvm = await runGuest({ accelerator: 'kvm', sandbox }, disk, options);
  const fast = 'tookMs' in kvm && kvm.tookMs <= plain.tookMs + KVM_OVERHEAD_MS;
  return { accelerator: fast ? 'kvm' : 'tcg', sandbox };
}

async function cached(path: string, bootId: string): Promise<Hypervisor | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!isObject(value) || value['bootId'] !== bootId) return undefined;
    const { accelerator, sandbox } = value;
    if (accelerator !== 'kvm' && accelerator !== 'tcg') return undefined;
    return { accelerator, sandbox: sandbox === true };
  } catch {
    // Missing or torn: probe again.
    return undefined;
  }
}

/**
 * Finds out by running a tiny guest, because a /dev/kvm that is there may hang its guests. The
 * answer is kept in a file and is good until the next boot of the host.
 */
export async function probeHypervisor(options: ProbeOptions): Promise<Hypervisor> {
  const bootId = await readFile(BOOT_ID, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  const known = await cached(options.cacheFile, bootId);
  if (known !== undefined) return known;
  const folder = await mkdtemp(join(tmpdir(), 'lamina-probe-'));
  try {
    const disk = join(folder, 'disk.raw');
    await writeFile(disk, probeDisk());
    const found = await choose(disk, options);
    options.signal?.throwIfAborted();
    await writeFileAtomic(options.cacheFile, JSON.stringify({ bootId, ...found }));
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
