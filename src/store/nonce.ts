import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { impossible } from '../core/failure.ts';
import type { Layout } from './layout.ts';

const NONCE_DIGITS = 32;

/**
 * Derives nonces with the installation's secret. It stays in this closure, so that nothing that prints
 * a store can show it.
 */
export async function nonceMaker(layout: Layout): Promise<(composition: string) => string> {
  const text = (await readFile(layout.secret, 'utf8')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw impossible(
      'StoreInvalid',
      `${layout.secret} does not hold the secret of an installation`,
      'Restore it from a copy of the store; with another one, machines made before must be made again.',
    );
  }
  const secret = Buffer.from(text, 'hex');
  return (composition) =>
    createHmac('sha256', secret).update(composition).digest('hex').slice(0, NONCE_DIGITS);
}
