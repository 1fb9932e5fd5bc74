import { launchArgs } from '../../../../src/connectors/local/launch.ts';
import { placesOf, socketsOf, uuidOf } from '../../../../src/connectors/local/places.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const plan = {
  key: 'lamina-osl-demo-1-0badcafe-12345678',
  uuid: '11111111-2222-4333-8444-555555555555',
  disk: '/data/machines/k/disk.qcow2',
  pidFile: '/data/machines/k/qemu.pid',
  serialLog: '/data/machines/k/serial.log',
  sockets: { qmp: '/run/l/a.qmp', serial: '/run/l/a.tty', vnc: '/run/l/a.vnc' },
  hardware: { cpus: 2, memoryMiB: 1024, network: 'none' },
  hypervisor: { accelerator: 'tcg', sandbox: true },
} as const;

describe('the command line of a machine', () => {
  it('is this one', () => {
    expect(launchArgs(plan).join(' ')).toBe(
      [
        '-name lamina-osl-demo-1-0badcafe-12345678 -uuid 11111111-2222-4333-8444-555555555555',
        '-nodefaults -no-user-config -no-shutdown -display none',
        '-machine q35 -accel tcg -cpu max',
        '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
        '-m 1024 -smp 2',
        '-blockdev {"driver":"qcow2","node-name":"disk","discard":"unmap","file":{"driver":"file","filename":"/data/machines/k/disk.qcow2"}}',
        '-device virtio-blk-pci,drive=disk,bootindex=0',
        '-nic none',
        '-chardev socket,id=qmp,path=/run/l/a.qmp,server=on,wait=off -mon chardev=qmp,mode=control',
        '-chardev socket,id=tty,path=/run/l/a.tty,server=on,wait=off,logfile=/data/machines/k/serial.log,logappend=on',
        '-serial chardev:tty',
        '-vga std -vnc unix:/run/l/a.vnc',
        '-pidfile /data/machines/k/qemu.pid',
      ].join(' '),
    );
  });

  it.each([
    {
      why: 'KVM gives the guest the processor of the host',
      change: { hypervisor: { accelerator: 'kvm', sandbox: true } } as const,
      has: '-accel kvm -cpu host -sandbox on',
    },
    {
      why: 'a build without a sandbox refuses the option',
      change: { hypervisor: { accelerator: 'tcg', sandbox: false } } as const,
      has: '-cpu max -m 1024',
    },
    {
      why: 'a network card is only there when it is asked for',
      change: { hardware: { ...plan.hardware, network: 'user' } } as const,
      has: '-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=',
    },
    {
      why: 'a comma in a path would begin another option',
      change: { sockets: { ...plan.sockets, vnc: '/run/a,password=on.vnc' } },
      has: '-vnc unix:/run/a,,password=on.vnc',
    },
    {
      why: 'a quote in a path would end the JSON',
      change: { disk: '/data/"x/disk.qcow2' },
      has: String.raw`"filename":"/data/\"x/disk.qcow2"`,
    },
  ])('$why', ({ change, has }) => {
    expect(launchArgs({ ...plan, ...change }).join(' ')).toContain(has);
  });
});

describe('the places of a machine', () => {
  it('gives every installation and key another UUID, always the same', () => {
    expect(uuidOf('a', 'k')).toBe(uuidOf('a', 'k'));
    expect(uuidOf('a', 'k')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(new Set([uuidOf('a', 'k'), uuidOf('b', 'k'), uuidOf('a', 'kb')]).size).toBe(3);
  });

  it('refuses a run directory in which QEMU could not make its sockets', () => {
    const room = 107 - '/7baa385c-33fb.qmp'.length;
    const uuid = uuidOf('a', 'k');
    expect(Buffer.byteLength(socketsOf(`/${'r'.repeat(room - 1)}`, uuid).qmp)).toBe(107);
    expect(() => socketsOf(`/${'r'.repeat(room)}`, uuid)).toThrow('more than 107 bytes');
  });

  it('keeps every key inside the machines folder', () => {
    expect(placesOf('/m', 'a.b-c').folder).toBe('/m/a.b-c');
    for (const key of ['..', '.', '../a', 'a/../../b', 'a\0', '']) {
      expect(() => placesOf('/m', key)).toThrow('cannot name');
    }
  });
});
