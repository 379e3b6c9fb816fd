import { inOrder } from './ordered.ts';
import { isRecorded, type ApiCall, type Headers, type RecordedAnswer, type RecordedRequest, type ServiceCall } from './recording.ts';
import { isRetry, type SeenCall } from './scripted.ts';

/** Characters shown of a text, and of those before its first difference. */
const SHOWN = 220;
const BEFORE = 60;

/** Two lines that show where texts differ. */
function differentTexts(what: string, expected: string, actual: string): string[] {
  if (expected === actual) return [];
  let index = 0;
  while (index < expected.length && expected[index] === actual[index]) index += 1;
  const start = Math.max(0, index - BEFORE);
  const show = (text: string) => JSON.stringify((start > 0 ? '…' : '') + text.slice(start, start + SHOWN));
  return [`- ${what}: ${show(expected)}`, `+ ${what}: ${show(actual)}`];
}

function differentHeaders(what: string, expected: Headers = {}, actual: Headers = {}): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)].filter(isRecorded));
  return [...names].flatMap((name) =>
    expected[name] === actual[name]
      ? []
      : [
          ...(expected[name] === undefined ? [] : [`- ${what} ${name}: ${expected[name]}`]),
          ...(actual[name] === undefined ? [] : [`+ ${what} ${name}: ${actual[name]}`]),
        ],
  );
}

/** The beginning of a body that was recorded, if it was too long to be recorded whole. */
const cut = (body: string) => /^([^]*)<… \d+ more characters>$/.exec(body)?.[1];

/** Compares an answer of Tsuru's API with the recorded one; both with placeholders. @returns lines; none if they are equal */
export function differentAnswers({ request, response }: ApiCall, actual: RecordedAnswer): string[] {
  if (response.error !== undefined || actual.error !== undefined) {
    const show = ({ error, status }: RecordedAnswer) => error ?? `status ${status ?? '?'}`;
    return (response.error === undefined) === (actual.error === undefined) ? [] : [`- ${show(response)}`, `+ ${show(actual)}`];
  }
  const [expectedBody, actualBody] = [response.body ?? '', actual.body ?? ''];
  const beginning = cut(expectedBody);
  return [
    ...(response.status === actual.status ? [] : [`- status: ${response.status ?? ''}`, `+ status: ${actual.status ?? ''}`]),
    ...(beginning === undefined
      ? differentTexts('body', inOrder(request.path, expectedBody), inOrder(request.path, actualBody))
      : differentTexts('body', beginning, actualBody.slice(0, beginning.length))),
    ...differentHeaders('header', response.headers, actual.headers),
  ];
}

function differentRequests(what: string, expected: RecordedRequest, actual: RecordedRequest): string[] {
  return [
    ...differentTexts(what, `${expected.method} ${expected.path}`, `${actual.method} ${actual.path}`),
    ...differentTexts(`${what} body`, expected.body ?? '', actual.body ?? ''),
    ...differentHeaders(what, expected.headers, actual.headers),
  ];
}

/** Compares the calls that services received with the recorded ones, in their order. @returns lines; none if they are equal */
export function differentCalls(recorded: ServiceCall[], seen: SeenCall[]): string[] {
  const expected = recorded.filter((call, index) => !isRetry(call, recorded[index - 1], recorded[index - 1]?.response));
  return Array.from({ length: Math.max(expected.length, seen.length) }, (_, index) => {
    const [due, come] = [expected[index], seen[index]];
    const show = ({ service, request }: SeenCall) => `${service} ${request.method} ${request.path}`;
    if (due === undefined) return come === undefined ? [] : [`+ call ${index}, not recorded: ${show(come)}`];
    if (come === undefined) return [`- call ${index}, missing: ${show(due)}`];
    return [
      ...(due.service === come.service ? [] : [`- call ${index} to ${due.service}`, `+ call ${index} to ${come.service}`]),
      ...differentRequests(`call ${index} ${show(come)}`, due.request, come.request),
    ];
  }).flat();
}
