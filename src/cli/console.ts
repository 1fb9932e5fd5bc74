import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { denied, messageOf } from '../core/failure.ts';
import {
  connected,
  withConnection,
  type Connection,
  type ConnectionOptions,
} from './connection.ts';
import type { AddCommand, CliContext } from './context.ts';
import { powerOn } from './power-on.ts';
import { nameOf, parseTargetOf, readTarget, type Target } from './target.ts';
import { viewOf } from './view.ts';

const HELP = `
Connects this terminal to the serial line of a machine. Press Ctrl-] to leave; the machine runs on.
It works on the host where the machine runs, as the user who runs "lamina up".

Examples:
  lamina console lver/apl-7zip-26.0-3f9a01bc
  lamina console pkgm/apl-7zip-26.0-3f9a01bc --data ~/lamina
  lamina console lver/apl-7zip-26.0-3f9a01bc --power-on     # after it was switched off without being finished`;

const LEAVE = 0x1d;

interface Options extends ConnectionOptions {
  readonly powerOn?: boolean;
}

/** Where a machine is, and its serial line if that is on this host. */
interface Place {
  readonly socket?: string;
  readonly text?: string;
}

/** The place of the machine that is made for an object. */
async function placeOf(
  connection: Connection,
  target: Target,
  signal: AbortSignal,
): Promise<Place> {
  const { path, text } = viewOf(await readTarget(connection, target, signal)).location ?? {};
  const seen = path === undefined ? undefined : await stat(path).catch(() => undefined);
  return {
    ...(path !== undefined && seen?.isSocket() === true ? { socket: path } : {}),
    ...(text === undefined ? {} : { text }),
  };
}

function noConsole(target: Target) {
  const hint = 'A machine has a console while it runs, on the host where it runs.';
  return denied('NoConsole', `${nameOf(target)} has no console now`, hint);
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      const hint = 'Check that the machine runs and that its socket may be opened.';
      reject(denied('NoConsole', `${path}: ${messageOf(error)}`, hint));
    });
  });
}

/** Joins terminal and serial line until either side ends or the person leaves. */
async function attach(path: string, context: CliContext): Promise<'left' | 'ended'> {
  const { stdin, stdout, stderr, signal } = context;
  const socket = await opened(path);
  stderr.write('Connected. Ctrl-] leaves.\r\n');
  stdin.setRawMode?.(true);
  const { promise, resolve } = Promise.withResolvers<'left' | 'ended'>();
  const typed = (chunk: Buffer) => {
    const end = chunk.indexOf(LEAVE);
    socket.write(end === -1 ? chunk : chunk.subarray(0, end));
    if (end !== -1) resolve('left');
  };
  const leave = () => resolve('left');
  stdin.on('data', typed).once('end', leave);
  signal.addEventListener('abort', leave, { once: true });
  socket.on('data', (chunk) => stdout.write(chunk));
  socket.once('close', () => resolve('ended')).on('error', () => resolve('ended'));
  try {
    return await promise;
  } finally {
    stdin.off('data', typed).off('end', leave).pause();
    signal.removeEventListener('abort', leave);
    stdin.setRawMode?.(false);
    socket.destroySoon();
    stderr.write('\r\n');
  }
}

/** `lamina console` */
export const consoleCommand: AddCommand = (program, context) => {
  const command = program
    .command('console')
    .description('Connect this terminal to the serial line of a machine.')
    .argument(
      '<kind/name>',
      'whose machine',
      parseTargetOf('LayerVersion', 'PackagingMachine', 'LayeredImage'),
    )
    .option('--power-on', 'switch a packaging machine on again first')
    .addHelpText('after', HELP);
  withConnection(command).action(async (target: Target, options: Options) => {
    const { socket, text } = await connected(options, context, async (connection) => {
      // A packaging machine is named as the version that it is for.
      if (options.powerOn === true) await powerOn(connection, target.name, context);
      return placeOf(connection, target, context.signal);
    });
    if (socket === undefined && options.powerOn !== true) throw noConsole(target);
    if (socket === undefined) {
      // What was asked for is done; not every platform has a serial line that leads here.
      const where = text === undefined ? '' : ` ${text}`;
      context.stderr.write(`It is on. It has no console on this host.${where}\n`);
      return;
    }
    const how = await attach(socket, context);
    context.stderr.write(how === 'left' ? 'Left; the machine runs on.\n' : 'The machine is off.\n');
  });
};
