import { parse } from 'yaml';
import { messageOf } from '../../core/failure.ts';
import { textRefusal } from '../../host/yaml-bounds.ts';
import { assertPlain, parseBody, type Body } from '../model/body.ts';
import { badRequest, tooLarge } from '../model/errors.ts';

/** Beyond this, what is applied must be JSON, which all clients send: reading YAML costs far more. */
const MAX_YAML_CHARACTERS = 131_072;

/** Reads a configuration to be applied: JSON nearly always, YAML 1.1 where people write requests by hand. */
export function parseYamlBody(text: string): Body {
  if (text.trimStart().startsWith('{')) return parseBody(text);
  if (text.length > MAX_YAML_CHARACTERS) {
    throw tooLarge(`a YAML body may have ${MAX_YAML_CHARACTERS} characters: send JSON`);
  }
  const refusal = textRefusal(text);
  if (refusal !== undefined) throw badRequest(`error decoding YAML: ${refusal.message}`);
  try {
    const value: unknown = parse(text, { version: '1.1', maxAliasCount: 0, logLevel: 'error' });
    assertPlain(value);
    return { value, duplicates: [] };
  } catch (error) {
    throw badRequest(`error decoding YAML: ${messageOf(error)}`);
  }
}
