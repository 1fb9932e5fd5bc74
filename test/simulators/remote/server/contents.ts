import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../../../../src/host/run.ts';
import type { Received } from '../wire.ts';
import { Cut, Refused } from './refused.ts';
import type { Faults } from '../../../contract/fault-stage.ts';
import { World } from './world.ts';

/** Lets bytes through until a switch says that the line is cut. */
function line(switches: Faults): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > (switches.cutUploadAfter ?? Infinity)) return done(new Cut());
      // All is read before it is refused, so that the refusal is heard.
      done(null, switches.diskFull ? undefined : chunk);
    },
  });
}

/** The bytes of disks. Inside they are qcow2; dynamic VHD is what comes in and goes out. */
export class Contents {
  private readonly kept: string;
  private readonly passing: string;
  private readonly switches: Faults;

  constructor(folder: string, switches: Faults) {
    this.kept = join(folder, 'disks');
    this.passing = join(folder, 'passing');
    this.switches = switches;
    for (const name of [this.kept, this.passing]) mkdirSync(name, { recursive: true });
  }

  pathOf(id: string): string {
    return join(this.kept, `${id}.qcow2`);
  }

  /** Takes a disk in; `allowed` is asked again before it becomes the content. */
  async receive(id: string, body: Readable, allowed: () => void): Promise<Received> {
    const vhd = join(this.passing, `${World.newId('in')}.vhd`);
    try {
      await pipeline(body, line(this.switches), createWriteStream(vhd));
      if (this.switches.diskFull) throw new Refused('DiskFull', 'there is no room for this disk');
      await run('qemu-img', ['convert', '-f', 'vpc', '-O', 'qcow2', vhd, `${vhd}.qcow2`]);
      const sizeBytes = await virtualSize(`${vhd}.qcow2`);
      allowed();
      await rename(`${vhd}.qcow2`, this.pathOf(id));
      return { bytes: (await stat(vhd)).size, sizeBytes };
    } finally {
      await rm(vhd, { force: true });
      await rm(`${vhd}.qcow2`, { force: true });
    }
  }

  /** Makes a disk ready to be fetched. */
  async prepare(id: string, lease: string): Promise<number> {
    const format = ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'];
    await run('qemu-img', ['convert', '-f', 'qcow2', ...format, this.pathOf(id), this.vhd(lease)]);
    return (await stat(this.vhd(lease))).size;
  }

  send(lease: string): Readable {
    return createReadStream(this.vhd(lease));
  }

  async letGo(lease: string): Promise<void> {
    await rm(this.vhd(lease), { force: true });
  }

  async copy(from: string, to: string): Promise<void> {
    const copied = `${this.pathOf(to)}.part`;
    await run('cp', ['--reflink=auto', '--sparse=always', this.pathOf(from), copied]);
    await rename(copied, this.pathOf(to));
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true });
  }

  async files(): Promise<readonly string[]> {
    return [...(await readdir(this.kept)), ...(await readdir(this.passing))];
  }

  private vhd(lease: string): string {
    return join(this.passing, `${lease}.vhd`);
  }
}

async function virtualSize(path: string): Promise<number> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', '-f', 'qcow2', path]);
  return (JSON.parse(stdout) as { 'virtual-size': number })['virtual-size'];
}
