import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { guestTaskFiles, type GuestWork } from '../../../src/engine/compose/guest-task.ts';
import { run } from '../../../src/host/run.ts';

const TOOL = join(import.meta.dirname, '../../../src/guest/linux');
const HOME = 'var/lib/lamina';
const APPLETS =
  'sh cat mv sync tail od tr date sleep kill rm mkdir id timeout touch grep head sed printf echo true'.split(
    ' ',
  );

/** A tiny root with busybox, in which power-off and reboot only leave a note. */
export class GuestRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async make(path: string, work: GuestWork): Promise<GuestRoot> {
    const root = new GuestRoot(path);
    for (const folder of ['bin', 'run', 'tmp', 'root', 'dev', HOME]) {
      await mkdir(join(path, folder), { recursive: true });
    }
    await cp('/usr/bin/busybox', join(path, 'bin/busybox'));
    for (const applet of APPLETS) await symlink('busybox', join(path, 'bin', applet));
    await writeFile(join(path, 'dev/null'), '');
    for (const name of ['poweroff', 'reboot']) {
      await root.program(`bin/${name}`, `[ $# = 0 ] && echo ${name} >> /events; true`);
    }
    // The fallback waits for minutes; here nobody does.
    await rm(join(path, 'bin/sleep'));
    await root.program('bin/sleep', '[ "$1" = 300 ] || exec busybox sleep "$1"');
    for (const name of ['lib.sh', 'run', 'finish'])
      await cp(join(TOOL, name), join(path, HOME, name));
    for (const { name, content } of guestTaskFiles(work, 'n0nce')) {
      const file = join(path, HOME, name);
      await mkdir(dirname(file), { recursive: true });
      if (content.from === 'bytes') await writeFile(file, content.bytes);
    }
    return root;
  }

  async program(name: string, text: string): Promise<void> {
    await writeFile(join(this.path, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(this.path, name), 0o755);
  }

  /** Runs one of the tool's programs as the guest would; gives what came to the console. */
  async call(name: 'run' | 'finish', okCodes = [0]): Promise<string> {
    await writeFile(join(this.path, 'dev/null'), '');
    const { stdout } = await run(
      'unshare',
      [
        '--user',
        '--map-root-user',
        '--pid',
        '--fork',
        'chroot',
        this.path,
        '/bin/sh',
        `/${HOME}/${name}`,
      ],
      { okCodes, timeoutMs: 60_000 },
    );
    return stdout;
  }

  async read(name: string): Promise<string> {
    return readFile(join(this.path, name), 'utf8').catch(() => '');
  }

  /** What happened to the machine since the last time. */
  async events(): Promise<string> {
    const events = await this.read('events');
    await rm(join(this.path, 'events'), { force: true });
    return events.trim();
  }

  async attestation(): Promise<unknown> {
    const text = await this.read(`${HOME}/attestation.json`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async put(name: string, text: string): Promise<void> {
    await writeFile(join(this.path, name), text);
  }
}
