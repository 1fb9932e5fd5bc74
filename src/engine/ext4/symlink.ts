import { isUtf8 } from 'node:buffer';
import { badName, damaged } from './failures.ts';
import type { Inode } from './inode.ts';
import type { MapContext } from './map-context.ts';
import { runsOf } from './content.ts';
import { escapeBytes } from './names.ts';

const MAX_TARGET = 4095;

function slowTarget(context: MapContext, inode: Inode): Buffer {
  const { blockSize } = context.sb;
  const [run] = [...runsOf(context, inode)].filter(({ logical }) => logical === 0);
  if (run === undefined || inode.size > blockSize) {
    throw damaged(`the target of symbolic link ${inode.number} is missing`);
  }
  return context.cache.view(run.physical * blockSize, inode.size);
}

/** The target of a symbolic link, from the inode itself or from its block. */
export function targetOf(context: MapContext, inode: Inode): string {
  if (inode.size === 0 || inode.size > MAX_TARGET) {
    throw damaged(`symbolic link ${inode.number} has a target of ${inode.size} bytes`);
  }
  const short = inode.size < inode.map.length;
  const bytes = short ? inode.map.subarray(0, inode.size) : slowTarget(context, inode);
  if (bytes.includes(0)) throw damaged(`the target of symbolic link ${inode.number} is damaged`);
  if (!isUtf8(bytes)) {
    const target = escapeBytes(bytes.subarray(0, 200));
    throw badName(`the target of symbolic link ${inode.number} is not UTF-8: ${target}`);
  }
  return bytes.toString('utf8');
}
