/** What stands for a part that differs from run to run, and is as long. */
const MARK = '4f1c9';
const PORT = '8888';
const UUID = 'dcd919fb-54de-46e9-930d-b5188d4250';

/** The output of a program without its durations. */
export function withoutDurations(output: string): string {
  // eslint-disable-next-line no-control-regex -- the colour of the duration goes, too
  return output.replace(/ (\x1b\[2m\(\d+\.\d s\)\x1b\[22m|\(\d+\.\d s\))/g, '');
}

/** The output of `check` with one port, and with its names and the UUIDs in replies numbered as they appear. */
export function withSameNames(output: string, port: number): string {
  // Without a failure, no name is shown.
  const mark = /Eventid: ([0-9a-f]{5})/.exec(output)?.[1] ?? 'no mark';
  const numbered = (most: number, write: (found: string, digits: string) => string) => {
    const seen: string[] = [];
    return (found: string) => {
      if (!seen.includes(found)) seen.push(found);
      return write(found, String(seen.indexOf(found) + 1).padStart(most, '0'));
    };
  };
  return acrossLines(output, (text) =>
    text
      .replace(new RegExp(`[a-z]{2}[0-9a-z]{3}${mark}`, 'g'), numbered(3, (name, digits) => name.slice(0, 2) + digits + MARK))
      .replaceAll(mark, MARK)
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, numbered(2, (_, digits) => UUID + digits))
      .replaceAll(`localhost:${port}`, `localhost:${PORT}`),
  );
}

/** Replaces parts of a text by others of the same length, also where the text is wrapped within one. */
function acrossLines(text: string, replace: (text: string) => string): string {
  const parts = text.split(/(\r?\n *)/);
  const lines = parts.filter((_, index) => index % 2 === 0);
  let rest = replace(lines.join(''));
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const line = rest.slice(0, part.length);
      rest = rest.slice(part.length);
      return line;
    })
    .join('');
}
