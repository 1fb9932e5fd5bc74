/*
 * Watches so many changes of one object, and prints how many promises more there are after them than
 * before. A program of its own, since Node counts objects of its main context only.
 */
import { queryObjects } from 'node:v8';
import { body, collection, openCore, take } from './api-core.ts';

const changes = Number(process.argv[2]);
const core = await openCore();
const where = collection(core, 'ConfigMap');
const { resourceVersion } = await core.service.list(where);
const stream = await core.service.watch(where, { resourceVersion });
const events = stream[Symbol.asyncIterator]();
const show = async (first: number, count: number) => {
  for (let i = first; i < first + count; i += 1) {
    await Promise.all([core.service.create(where, body('ConfigMap', `n${i}`)), take(events, 1)]);
  }
};
await show(0, 10);
const before = queryObjects(Promise, { format: 'count' });
await show(10, changes);
process.stdout.write(`${queryObjects(Promise, { format: 'count' }) - before}`);
await core.close();
