import type { Hardware, Hypervisor } from './settings.ts';
import type { Sockets } from './places.ts';

/** Everything that decides a machine's command line. */
export interface LaunchPlan {
  readonly key: string;
  readonly uuid: string;
  readonly disk: string;
  readonly pidFile: string;
  readonly serialLog: string;
  readonly sockets: Sockets;
  readonly hardware: Hardware;
  readonly hypervisor: Hypervisor;
}

/** QEMU's own confinement: no new rights, no other programs. */
const SANDBOX = [
  '-sandbox',
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
] as const;

/** The processor for an accelerator: the host's own, or all that emulation knows. */
export function acceleratorArgs(hypervisor: Hypervisor): readonly string[] {
  const { accelerator, sandbox } = hypervisor;
  return [
    ['-machine', 'q35', '-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    sandbox ? SANDBOX : [],
  ].flat();
}

/** In QEMU's option strings a comma is written twice. */
const escaped = (text: string): string => text.replaceAll(',', ',,');

const socket = (id: string, path: string): string =>
  `socket,id=${id},path=${escaped(path)},server=on,wait=off`;

function networkArgs(network: Hardware['network']): readonly string[] {
  if (network === 'none') return ['-nic', 'none'];
  // Without its boot ROM: nobody boots from the network, and the ROM costs time at each start.
  return ['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='];
}

/**
 * The command line of a machine. With `-no-shutdown` the process stays after the guest has switched
 * itself off, so that a controller that was away still learns it.
 */
export function launchArgs(plan: LaunchPlan): readonly string[] {
  const { hardware, sockets } = plan;
  const blockDevice = {
    driver: 'qcow2',
    'node-name': 'disk',
    discard: 'unmap',
    file: { driver: 'file', filename: plan.disk },
  };
  // Appended to, so that whoever cuts the file does not leave a hole where QEMU goes on.
  const logged = `logfile=${escaped(plan.serialLog)},logappend=on`;
  return [
    ['-name', plan.key, '-uuid', plan.uuid],
    ['-nodefaults', '-no-user-config', '-no-shutdown', '-display', 'none'],
    acceleratorArgs(plan.hypervisor),
    ['-m', String(hardware.memoryMiB), '-smp', String(hardware.cpus)],
    ['-blockdev', JSON.stringify(blockDevice)],
    ['-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
    networkArgs(hardware.network),
    ['-chardev', socket('qmp', sockets.qmp), '-mon', 'chardev=qmp,mode=control'],
    ['-chardev', `${socket('tty', sockets.serial)},${logged}`, '-serial', 'chardev:tty'],
    ['-vga', 'std', '-vnc', `unix:${escaped(sockets.vnc)}`],
    ['-pidfile', plan.pidFile],
  ].flat();
}
