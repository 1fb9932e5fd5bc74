import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '../../src/host/run.ts';
import { createOverlay } from '../../src/images/qemu-img.ts';
import type { DiskFile } from '../../src/images/source.ts';
import { SerialConsole, type GuestResult } from './serial-console.ts';

/** A guest that was booted to look at it. */
export interface Guest {
  /** Runs a line of shell in the guest. */
  sh(command: string): Promise<GuestResult>;
  /** Shuts the guest down and waits until it is off. */
  powerOff(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Boots a disk and waits for the shell on its serial line. What the guest writes goes to an overlay
 * that is thrown away: the disk itself is never changed.
 */
export async function bootGuest(disk: DiskFile): Promise<Guest> {
  const folder = await mkdtemp(join(tmpdir(), 'lam-'));
  const backing = { path: resolve(disk.path), format: disk.format };
  const overlay = await createOverlay(run, { path: join(folder, 'disk.qcow2'), backing });
  const drive = {
    driver: 'qcow2',
    'node-name': 'd',
    file: { driver: 'file', filename: overlay.path },
  };
  const tty = join(folder, 'tty');
  const child = spawn(
    'qemu-system-x86_64',
    [
      ['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '256', '-nic', 'none'],
      ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ['-blockdev', JSON.stringify(drive), '-device', 'virtio-blk-pci,drive=d'],
      ['-chardev', `socket,id=tty,path=${tty},server=on,wait=off`, '-serial', 'chardev:tty'],
    ].flat(),
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const dispose = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const line = await SerialConsole.open(tty);
    return {
      sh: (command) => line.sh(command),
      powerOff: async () => {
        line.powerOff();
        await ended;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
