import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { impossible } from '../../core/failure.ts';

/** Where everything of one machine lies. */
export interface Places {
  readonly folder: string;
  readonly diskMarker: string;
  readonly disk: string;
  readonly machineMarker: string;
  /** What the last power-on was started with. */
  readonly launch: string;
  readonly pidFile: string;
  /** What QEMU said on its standard error. */
  readonly log: string;
  readonly snapshots: string;
}

/** The sockets of a running machine. */
export interface Sockets {
  readonly qmp: string;
  readonly serial: string;
  readonly vnc: string;
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,199}$/;
const LONGEST_SOCKET_PATH = 107;

/** True for what may name a machine, disk or snapshot. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/** Refuses what could leave its folder when it is used as a file name. */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw impossible(
    'BadName',
    `"${name.slice(0, 80)}" cannot name a machine, disk or snapshot`,
    'Use small letters, digits, dots and dashes.',
  );
}

/** The files of a machine, by its key. */
export function placesOf(machinesDir: string, key: string): Places {
  const folder = join(machinesDir, checkName(key));
  return {
    folder,
    diskMarker: join(folder, 'disk.json'),
    disk: join(folder, 'disk.qcow2'),
    machineMarker: join(folder, 'machine.json'),
    launch: join(folder, 'launch.json'),
    pidFile: join(folder, 'qemu.pid'),
    log: join(folder, 'qemu.log'),
    snapshots: join(folder, 'snapshots'),
  };
}

/** The sockets of a machine: short hashed names, because keys are longer than a socket path may be. */
export function socketsOf(runDir: string, uuid: string): Sockets {
  const base = join(runDir, uuid.slice(0, 13));
  const sockets = { qmp: `${base}.qmp`, serial: `${base}.tty`, vnc: `${base}.vnc` };
  if (Buffer.byteLength(sockets.qmp) > LONGEST_SOCKET_PATH) {
    throw impossible(
      'RunDirTooLong',
      `sockets in ${runDir} would have paths of more than ${LONGEST_SOCKET_PATH} bytes`,
      'Choose a shorter run directory.',
    );
  }
  return sockets;
}

/** A machine's UUID: derived, so that a process can be told to be ours by its command line. */
export function uuidOf(installId: string, key: string): string {
  const bytes = createHash('sha256').update(`${installId}\0${key}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [0, 8, 12, 16, 20].map((at, i, all) => hex.slice(at, all[i + 1] ?? 32)).join('-');
}
