const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The text of a file, or why it is none. A UTF-8 byte order mark is dropped. */
export function decodeText(
  bytes: Uint8Array,
): { readonly text: string } | { readonly why: string } {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { why: 'is UTF-16: save it as UTF-8' };
  }
  if (bytes.includes(0)) return { why: 'holds NUL bytes, so it is not UTF-8 text' };
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { why: 'is not valid UTF-8: save it as UTF-8' };
  }
}
