import { Failure } from '../core/failure.ts';

/** The failure of a job whose inputs are not those any more that it was planned for. */
export function superseded(message: string): Failure {
  const hint = 'Nothing is to be done: it is planned again with what is there now.';
  return new Failure({ consequence: 'Conflict', code: 'Superseded', message, hint });
}
