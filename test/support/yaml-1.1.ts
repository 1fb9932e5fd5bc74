import { run } from '../../src/host/run.ts';

/** PyYAML is a reader of YAML 1.1. What JSON cannot tell apart from text is named by its type. */
const READ = `
import json, sys, yaml
def plain(value):
    if isinstance(value, dict): return {key if type(key) is str else repr(key) + ', no text': plain(item) for key, item in value.items()}
    if isinstance(value, list): return [plain(item) for item in value]
    if value is None or type(value) in (str, bool, int): return value
    if type(value) is float and value - value == 0: return value
    return [type(value).__name__, str(value)]
def read(text):
    try: return [plain(value) for value in yaml.safe_load_all(text) if value is not None]
    except yaml.YAMLError as error: return str(error)
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)`;

/** The documents of each text as Python reads them, without empty ones; its words where it cannot. */
export async function readByPython(texts: readonly string[]): Promise<readonly unknown[]> {
  const stdin = JSON.stringify(texts);
  // The interpreter that Debian's packages of modules are for.
  const { stdout } = await run('/usr/bin/python3', ['-c', READ], { stdin });
  return JSON.parse(stdout) as readonly unknown[];
}
