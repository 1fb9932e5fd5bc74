/* The far platform as a process of its own: `node main.ts FOLDER PASSWORD`. */
import { mkdir } from 'node:fs/promises';
import { RemoteServer } from './server/server.ts';

const [folder = '', password = ''] = process.argv.slice(2);
if (folder === '' || password === '') throw new Error('usage: main.ts FOLDER PASSWORD');
await mkdir(folder, { recursive: true });
const server = await RemoteServer.start({ folder, users: { lamina: password } });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
