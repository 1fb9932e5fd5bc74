import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { impossible } from '../../core/failure.ts';

/** Where everything of one machine lies. */
export interface Places {
  /** Name of the folder: the key, if the folder is ours. */
  readonly key: string;
  readonly folder: string;
  readonly diskMarker: string;
  readonly disk: string;
  /** The files that the disk is an overlay of. */
  readonly base: string;
  readonly machineMarker: string;
  /** What the last power-on was started with. */
  readonly launch: string;
  readonly pidFile: string;
  /** What QEMU said on its standard error. */
  readonly log: string;
  /** What the guest said on its serial line since the last power-on. */
  readonly serialLog: string;
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
function checkName(name: string): string {
  if (isName(name)) return name;
  throw impossible(
    'BadName',
    `"${name.slice(0, 80)}" cannot name a machine, disk or snapshot`,
    'Use small letters, digits, dots and dashes.',
  );
}

/** The files of a machine, by its key. */
export function placesOf(machinesDir: string, key: string): Places {
  return placesIn(machinesDir, checkName(key));
}

/** The files in a folder that somebody made, whatever its name is. */
export function placesIn(machinesDir: string, name: string): Places {
  const folder = join(machinesDir, name);
  return {
    key: name,
    folder,
    diskMarker: join(folder, 'disk.json'),
    disk: join(folder, 'disk.qcow2'),
    base: join(folder, 'base'),
    machineMarker: join(folder, 'machine.json'),
    launch: join(folder, 'launch.json'),
    pidFile: join(folder, 'qemu.pid'),
    log: join(folder, 'qemu.log'),
    serialLog: join(folder, 'serial.log'),
    snapshots: join(folder, 'snapshots'),
  };
}

/** The file of a publication. */
export function snapshotPath(places: Places, revision: string): string {
  return join(places.snapshots, `${checkName(revision)}.qcow2`);
}

/** The lock of a machine's disk. */
export function lockPath(runDir: string, uuid: string): string {
  return join(runDir, `${uuid.slice(0, 13)}.lock`);
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
