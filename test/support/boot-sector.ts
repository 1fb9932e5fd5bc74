import { writeFile } from 'node:fs/promises';
import type { DiskFile } from '../../src/images/source.ts';

/** Counts its boots in the first word of the second sector. */
const COUNT_BOOT = [
  [0x31, 0xc0], // xor ax, ax
  [0x8e, 0xd8], // mov ds, ax
  [0x8e, 0xc0], // mov es, ax
  [0xbb, 0x00, 0x7e], // mov bx, 0x7e00
  [0xb9, 0x02, 0x00], // mov cx, 2: cylinder 0, sector 2
  [0xb6, 0x00], // mov dh, 0: head 0
  [0xb8, 0x01, 0x02], // mov ax, 0x0201: read one sector
  [0xcd, 0x13], // int 0x13
  [0xff, 0x06, 0x00, 0x7e], // inc word [0x7e00]
  [0xb8, 0x01, 0x03], // mov ax, 0x0301: write one sector
  [0xcd, 0x13], // int 0x13
];

/** Waits in idle for the power button of a q35 machine, whose ACPI registers begin at 0x600. */
const AWAIT_BUTTON = [
  [0xba, 0x02, 0x06], // mov dx, 0x602
  [0xb8, 0x00, 0x01], // mov ax, 0x0100: tell us of the button
  [0xef], // out dx, ax
  [0xba, 0x00, 0x06], // mov dx, 0x600
  [0xfb, 0xf4], // sti; hlt: until the next timer tick
  [0xed], // in ax, dx
  [0xf6, 0xc4, 0x01], // test ah, 1
  [0x74, 0xf8], // jz to sti
];

/** Says the same line on the first serial port over and over, with what must not reach a terminal. */
const BABBLE = [
  [0xba, 0xf8, 0x03], // mov dx, 0x3f8
  [0xbe, 0x80, 0x7d], // mov si, 0x7d80: where the text lies
  [0xb9, 0x20, 0x00], // mov cx, 32: its length
  [0xfc], // cld
  [0xac], // lodsb
  [0xee], // out dx, al
  [0xe2, 0xfc], // loop to lodsb
  [0xeb, 0xf3], // jmp to mov si
];

/** A colour, a bell, a C1 control, a text that runs backwards. */
const BABBLED_OFFSET = 0x180;
const BABBLED = Buffer.alloc(32, '.');
Buffer.from('\u001b[31mfire\u0007\u009b2J\u202eerif\r\n').copy(BABBLED);

const POWER_OFF = [
  [0xba, 0x04, 0x06], // mov dx, 0x604
  [0xb8, 0x00, 0x20], // mov ax, 0x2000: soft off
  [0xef], // out dx, ax
  [0xf4, 0xeb, 0xfd], // hlt, for ever
];

/** What a guest of 512 bytes does after it has counted its boot. */
export type TinyGuest = 'waits for the button' | 'switches itself off' | 'babbles';

const THEN: Readonly<Record<TinyGuest, readonly (readonly number[])[]>> = {
  'waits for the button': AWAIT_BUTTON,
  'switches itself off': [],
  babbles: BABBLE,
};

/** Writes the disk of a tiny guest: a boot in 0.2 s, and real writes. */
export async function tinyGuestDisk(
  path: string,
  guest: TinyGuest,
): Promise<DiskFile & { readonly sizeBytes: number }> {
  const disk = Buffer.alloc(2 ** 20);
  Buffer.from([...COUNT_BOOT, ...THEN[guest], ...POWER_OFF].flat()).copy(disk);
  if (guest === 'babbles') BABBLED.copy(disk, BABBLED_OFFSET);
  disk.writeUInt16LE(0xaa55, 510);
  await writeFile(path, disk);
  return { path, format: 'raw', sizeBytes: disk.length };
}

/** Offset of the 16-bit number of boots on a tiny guest's disk. */
export const BOOT_COUNT_OFFSET = 512;
